# Debian's libcaf-dev ships headers and shared libraries but no CMake package: this module makes the imported targets
# caf::core (and caf::io, caf::openssl when asked for) from them.
find_path(CafDeb_INCLUDE_DIR caf/all.hpp)
if(CafDeb_INCLUDE_DIR)
  file(STRINGS "${CafDeb_INCLUDE_DIR}/caf/config.hpp" _caf_line REGEX "^#define CAF_VERSION [0-9]+")
  string(REGEX MATCH "[0-9]+" _caf_number "${_caf_line}")
  math(EXPR _caf_major "${_caf_number} / 10000")
  math(EXPR _caf_minor "(${_caf_number} / 100) % 100")
  math(EXPR _caf_patch "${_caf_number} % 100")
  set(CafDeb_VERSION "${_caf_major}.${_caf_minor}.${_caf_patch}")
endif()
find_package(Threads REQUIRED)
set(_caf_required CafDeb_INCLUDE_DIR)
foreach(component IN LISTS CafDeb_FIND_COMPONENTS)
  find_library(CafDeb_${component}_LIBRARY caf_${component})
  list(APPEND _caf_required CafDeb_${component}_LIBRARY)
  if(CafDeb_${component}_LIBRARY AND NOT TARGET caf::${component})
    add_library(caf::${component} SHARED IMPORTED)
    set_target_properties(caf::${component} PROPERTIES
      IMPORTED_LOCATION "${CafDeb_${component}_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${CafDeb_INCLUDE_DIR}"
      INTERFACE_LINK_LIBRARIES Threads::Threads)
  endif()
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CafDeb REQUIRED_VARS ${_caf_required} VERSION_VAR CafDeb_VERSION)
