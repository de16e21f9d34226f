# kvilt as other projects take it: installed, as a subdirectory, fetched; and what find_package must refuse.
if(NOT KVILT_INSTALL)
    return()
endif()

set(prefix ${CMAKE_CURRENT_BINARY_DIR}/package/prefix)
add_test(NAME package_clean COMMAND ${CMAKE_COMMAND} -E rm -rf ${CMAKE_CURRENT_BINARY_DIR}/package)
add_test(NAME package_install COMMAND ${CMAKE_COMMAND} --install ${CMAKE_BINARY_DIR} --prefix ${prefix})
set_tests_properties(package_clean PROPERTIES FIXTURES_SETUP package_clean)
set_tests_properties(package_install PROPERTIES FIXTURES_REQUIRED package_clean FIXTURES_SETUP package)
set(package_tests package_clean package_install)

# kvilt_package_test(<name> <refusal, or empty> <definitions>...)
function(kvilt_package_test name refusal)
    set(source ${CMAKE_CURRENT_SOURCE_DIR}/package)
    set(binary ${CMAKE_CURRENT_BINARY_DIR}/package/${name})
    set(options -D CMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -D CMAKE_PREFIX_PATH=${prefix} ${ARGN})
    if(refusal)
        add_test(NAME package_${name}
            COMMAND ${CMAKE_COMMAND} -S ${source} -B ${binary} -G ${CMAKE_GENERATOR} ${options})
        set_tests_properties(package_${name} PROPERTIES PASS_REGULAR_EXPRESSION "${refusal}")
    else()
        add_test(NAME package_${name}
            COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test ${source} ${binary}
                --build-generator ${CMAKE_GENERATOR} --build-options ${options} --test-command consumer)
    endif()
    set_tests_properties(package_${name} PROPERTIES FIXTURES_REQUIRED package)
    set(package_tests ${package_tests} package_${name} PARENT_SCOPE)
endfunction()

kvilt_package_test(find "" -D USE=find)
kvilt_package_test(subdirectory "" -D USE=subdirectory -D KVILT=${CMAKE_SOURCE_DIR})
kvilt_package_test(fetch "" -D USE=fetch -D KVILT=${CMAKE_SOURCE_DIR})
if(TARGET kvilt::lz4)
    kvilt_package_test(lz4 "" -D USE=find -D COMPONENT=lz4)
endif()
kvilt_package_test(unknown_component "there is no[ \n]+such[ \n]+component"
    -D USE=find -D COMPONENT=snappy)
kvilt_package_test(newer_version "requested[ \n]+version \"0.2\"" -D USE=find -D VERSION=0.2)
kvilt_package_test(older_version "requested[ \n]+version \"0.0.9\"" -D USE=find -D VERSION=0.0.9)

set_tests_properties(${package_tests} PROPERTIES LABELS package TIMEOUT 300)
