// Sums over the insides of boxes of Ising spins, by lanes, subgroups or workgroups.

#include box/box_sum_$SHAPE
