# What is installed: the public headers, the libraries, what CMake (find_package(weir)) and pkg-config need to find them, and
# the programs, with what a shell needs to complete them. The target weir_installed builds all of it. CPack makes a Debian package of the same: `cpack -G DEB` in the build directory.
#
# A library that one of ours links (not only its headers) must also be in weirConfig.cmake.in, weir.pc.in, and in Depends
# below; install/consumer_test goes red when it is not.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(WEIR_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/weir")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/weir" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.hpp")
install(TARGETS weir weir_headers weir_schemas ${WEIR_INSTALLED_LIBRARIES} EXPORT weirTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
set_target_properties(weir_headers PROPERTIES EXPORT_NAME headers)
install(EXPORT weirTargets NAMESPACE weir:: DESTINATION "${WEIR_CMAKE_DIR}")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/weirConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/weirConfig.cmake" INSTALL_DESTINATION "${WEIR_CMAKE_DIR}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/weirConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/weirConfig.cmake"
  "${PROJECT_BINARY_DIR}/weirConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindCafDeb.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindLMDB.cmake"
  DESTINATION "${WEIR_CMAKE_DIR}")

# The archives for a linker that knows no targets, users before what they use: the libraries are made in layers, from below.
set(_weir_archives "")
foreach(library IN LISTS WEIR_INSTALLED_LIBRARIES)
  if(NOT library STREQUAL "weir_testing")
    string(PREPEND _weir_archives "-l${library} ")
  endif()
endforeach()
# Relative, so that the files may be moved.
file(RELATIVE_PATH _weir_prefix "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file("${PROJECT_SOURCE_DIR}/cmake/weir.pc.in" "${PROJECT_BINARY_DIR}/weir.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/weir.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

add_custom_target(weir_installed DEPENDS ${WEIR_INSTALLED_LIBRARIES})
if(WEIR_BUILD_APPS)
  add_dependencies(weir_installed weir_state_program word_count)
  install(TARGETS weir_state_program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(PROGRAMS "$<TARGET_FILE:word_count>" DESTINATION "${CMAKE_INSTALL_BINDIR}" RENAME weir-word-count)
  foreach(program weir-state weir-word-count)
    file(WRITE "${PROJECT_BINARY_DIR}/completions/${program}" "source <(${program} completion bash)\n")
  endforeach()
  install(DIRECTORY "${PROJECT_BINARY_DIR}/completions"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion")
endif()
install(FILES "${PROJECT_SOURCE_DIR}/apps/word_count.cpp" DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples")
install(FILES "${PROJECT_SOURCE_DIR}/README.md" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs" DESTINATION "${CMAKE_INSTALL_DOCDIR}" FILES_MATCHING PATTERN "*.md")

set(CPACK_GENERATOR "DEB")
set(CPACK_PACKAGE_NAME "libweir-dev")
set(CPACK_PACKAGE_VENDOR "weir")
set(CPACK_PACKAGE_CONTACT "weir developers <weir@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "fault-tolerant stream processing in C++20: library, headers and tools")
set(CPACK_PACKAGING_INSTALL_PREFIX "/usr")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION "libdevel")
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "libcaf-dev (>= 0.17.6), liblmdb-dev, libcapnp-dev, libspdlog-dev, libyaml-cpp-dev, libxxhash-dev, prometheus-cpp-dev, libcpp-httplib-dev, pkg-config")
if(WEIR_NATIVE)
  # For machines like this one only: a package for others is made with -DWEIR_NATIVE=OFF.
  set(CPACK_DEBIAN_PACKAGE_RELEASE "1native")
endif()
include(CPack)
