// SPDX-License-Identifier: Apache-2.0

#ifndef C_STATIC_MODEL_H
#define C_STATIC_MODEL_H

/// The number of models in Files; a target has some code.
extern const int static_model_count;

#endif
