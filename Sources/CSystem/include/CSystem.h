// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "allocator.h"
#include "fault_handler.h"
#include "rename_if_new.h"
