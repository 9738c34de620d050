// SPDX-License-Identifier: Apache-2.0

#include "CStaticModel.h"

const int static_model_count = 1;
