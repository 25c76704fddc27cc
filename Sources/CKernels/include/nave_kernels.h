#ifndef NAVE_KERNELS_H
#define NAVE_KERNELS_H

#endif
