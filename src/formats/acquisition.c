#include "formats/acquisition.h"

#include <stdlib.h>

void mdup_acquisition_clear(mdup_acquisition *a)
{
    free(a->image);
    free(a->hole);
    free(a->shot);
    free(a->label);
    *a = (mdup_acquisition){.image = NULL};
}
