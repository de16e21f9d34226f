# A source that must not compile, and must say why in the words of its first line, "// expect: <text>".
# cmake -D COMPILER=<compiler> -D SOURCE=<source> -D INCLUDE=<directories> -P check.cmake
file(READ ${SOURCE} text)
if(NOT text MATCHES "^// expect: ([^\n]+)")
    message(FATAL_ERROR "${SOURCE} does not begin with \"// expect: <text>\"")
endif()
set(expected "${CMAKE_MATCH_1}")

list(TRANSFORM INCLUDE PREPEND -I)
execute_process(
    COMMAND ${COMPILER} -std=c++23 -fsyntax-only ${INCLUDE} ${SOURCE}
    RESULT_VARIABLE result
    ERROR_VARIABLE errors)
string(FIND "${errors}" "${expected}" found)
if(result EQUAL 0)
    message(FATAL_ERROR "It compiled, but must be refused with: ${expected}")
elseif(found EQUAL -1)
    message(FATAL_ERROR "It was refused without saying: ${expected}\n${errors}")
endif()
