# The object file OBJECT mentions none of what its composition did not choose. Undefined symbols count too.
execute_process(COMMAND ${NM} -C ${OBJECT} OUTPUT_VARIABLE symbols RESULT_VARIABLE failed)
if(failed OR NOT symbols MATCHES "use_cache")
    message(FATAL_ERROR "nm cannot read ${OBJECT}")
endif()
# The names of the policies that were chosen are no code.
string(REPLACE "kvilt::threads::One" "" symbols "${symbols}")
string(REPLACE "kvilt::table::None" "" symbols "${symbols}")
foreach(word mutex pthread std::thread File Mapping DirectoryLock Manifest Tables TableReader Merge Worker Executor
             Environment fsync flock open64)
    string(REGEX MATCHALL "[^\n]*${word}[^\n]*" found "${symbols}")
    if(found)
        list(JOIN found "\n  " found)
        message(FATAL_ERROR "the hash cache's object mentions '${word}':\n  ${found}")
    endif()
endforeach()
message(STATUS "no mutex, no file, no table")
