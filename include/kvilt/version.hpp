// The version, stated in this place alone: the build and the packages read it from these lines.
#pragma once

#define KVILT_VERSION_MAJOR 0
#define KVILT_VERSION_MINOR 1
#define KVILT_VERSION_PATCH 0
