// The two customisation points of typed keys and values. The models live in typed/; a user adds his own by
// specialising. Declared here so that Batch and Range can speak of typed keys without knowing any.
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/core/result.hpp>

#include <concepts>
#include <string>

namespace kvilt {

// KeyCodec<T> keeps order: a < b exactly if encode(a) < encode(b) as bytes.
//   static void append(std::string& to, const T& key);
//   static Result<T> decode(Bytes bytes);
template <class T>
struct KeyCodec;

// ValueCodec<T>:
//   static void append(std::string& to, const T& value);
//   static Result<T> decode(Bytes bytes);      // Errc::incompatible for bytes of another schema
template <class T>
struct ValueCodec;

template <class T>
concept BytesLike = std::convertible_to<const T&, Bytes>;

template <class T>
concept CodableKey = BytesLike<T> || requires(std::string& to, const T& key) { KeyCodec<T>::append(to, key); };

template <class T>
concept CodableValue = BytesLike<T> || requires(std::string& to, const T& value) { ValueCodec<T>::append(to, value); };

// The bytes of a key or value for the time of a call: borrowed where it is bytes already, encoded otherwise.
template <CodableKey T>
class KeyBytes {
public:
    explicit KeyBytes(const T& key) { KeyCodec<T>::append(buffer_, key); }
    operator Bytes() const noexcept { return buffer_; }

private:
    std::string buffer_;
};

template <CodableKey T>
    requires BytesLike<T>
class KeyBytes<T> {
public:
    explicit KeyBytes(const T& key) noexcept(noexcept(Bytes(key))) : bytes_(key) {}
    operator Bytes() const noexcept { return bytes_; }

private:
    Bytes bytes_;
};

template <CodableValue T>
class ValueBytes {
public:
    explicit ValueBytes(const T& value) { ValueCodec<T>::append(buffer_, value); }
    operator Bytes() const noexcept { return buffer_; }

private:
    std::string buffer_;
};

template <CodableValue T>
    requires BytesLike<T>
class ValueBytes<T> {
public:
    explicit ValueBytes(const T& value) noexcept(noexcept(Bytes(value))) : bytes_(value) {}
    operator Bytes() const noexcept { return bytes_; }

private:
    Bytes bytes_;
};

} // namespace kvilt
