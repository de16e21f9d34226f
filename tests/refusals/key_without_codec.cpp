// expect: CodableKey
#include <kvilt/core/batch.hpp>
#include <kvilt/typed/key_codec.hpp>
#include <kvilt/typed/value_codec.hpp>

struct Account {
    int number = 0;
};

void refused(kvilt::Batch& batch) { batch.put(Account{}, "value"); }
