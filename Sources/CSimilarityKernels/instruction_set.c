#include "CSimilarityKernels.h"
