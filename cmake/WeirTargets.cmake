# weir_library(NAME folder SOURCES ... DEPS lower layers PRIVATE_DEPS third parties)
#   One static library a folder: target weir_<folder>, alias weir::<folder>. DEPS names only layers below, so the link
#   line shows the architecture; scripts/check_layers.py checks the same for the includes.
function(weir_library)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(weir_${arg_NAME} STATIC ${arg_SOURCES})
  add_library(weir::${arg_NAME} ALIAS weir_${arg_NAME})
  target_link_libraries(weir_${arg_NAME}
    PUBLIC weir::headers ${arg_DEPS}
    PRIVATE $<BUILD_INTERFACE:weir::build_options> ${arg_PRIVATE_DEPS})
  set_target_properties(weir_${arg_NAME} PROPERTIES EXPORT_NAME ${arg_NAME})
  set_property(GLOBAL APPEND PROPERTY WEIR_LIBRARIES weir_${arg_NAME})
endfunction()

# weir_test(NAME folder/type_test SOURCES ... DEPS ... [LABELS unit])
#   One doctest program, registered with ctest under its name. The default label is unit. The target weir_tests builds
#   all of them, without the programs that are no tests.
add_custom_target(weir_tests)
function(weir_test)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;DEPS;LABELS" ${ARGN})
  string(REPLACE "/" "_" target "${arg_NAME}")
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE weir::test_main ${arg_DEPS})
  add_dependencies(weir_tests ${target})
  add_test(NAME ${arg_NAME} COMMAND ${target})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  set_tests_properties(${arg_NAME} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 300)
endfunction()
