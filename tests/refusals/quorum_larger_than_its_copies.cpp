// expect: kvilt: Quorum<N, R, W> must have 1 <= R <= N and 1 <= W <= N
#include <kvilt/replication/quorum.hpp>

template struct kvilt::replication::Quorum<3, 2, 4>;
