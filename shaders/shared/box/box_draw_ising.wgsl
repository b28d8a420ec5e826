// Draws the insides of boxes of Ising spins, by lanes or by workgroups.

#include box/box_draw_$SHAPE
