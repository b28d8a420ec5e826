// Networks whose colours share nets have no images to mix: no list has this kernel.

#include images/share_sign
