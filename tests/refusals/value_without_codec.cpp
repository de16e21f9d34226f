// expect: CodableValue
#include <kvilt/core/batch.hpp>
#include <kvilt/typed/key_codec.hpp>
#include <kvilt/typed/value_codec.hpp>

#include <vector>

struct Account {
    int number = 0;
};

void refused(kvilt::Batch& batch) { batch.put("key", std::vector<Account>{}); }
