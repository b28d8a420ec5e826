// Own colours that are drawn by all passes alike.

#include forward/drawn_one_hot
