from pathlib import Path
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.layout import basic_layout
from conan.tools.files import copy


class KviltConan(ConanFile):
    name = "kvilt"
    description = "A key-value store pieced together from policies at compile time"
    license = "BSL-1.0"
    topics = ("key-value", "database", "lsm", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_lz4": [True, False], "with_zstd": [True, False]}
    default_options = {"with_lz4": False, "with_zstd": False}
    exports = "include/kvilt/version.hpp"
    exports_sources = "LICENSE", "include/*"
    no_copy_source = True

    def set_version(self):
        text = Path(self.recipe_folder, "include/kvilt/version.hpp").read_text()
        self.version = ".".join(re.findall(r"KVILT_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text))

    def requirements(self):
        self.requires("boost/[>=1.74]", options={"header_only": True})
        self.requires("xxhash/[>=0.8.1]")
        if self.options.with_lz4:
            self.requires("lz4/[>=1.9]")
        if self.options.with_zstd:
            self.requires("zstd/[>=1.5]")

    def validate(self):
        check_min_cppstd(self, 23)

    def layout(self):
        basic_layout(self)

    def package_id(self):
        self.info.clear()

    def package(self):
        copy(self, "LICENSE", self.source_folder, f"{self.package_folder}/licenses")
        copy(self, "*", f"{self.source_folder}/include", f"{self.package_folder}/include")

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "kvilt")
        self.cpp_info.components["kvilt"].set_property("cmake_target_name", "kvilt::kvilt")
        self.cpp_info.components["kvilt"].requires = ["boost::headers", "xxhash::xxhash"]
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.components["kvilt"].system_libs = ["pthread"]
        for library, target in (("lz4", "lz4::lz4"), ("zstd", "zstd::zstd")):
            if self.options.get_safe(f"with_{library}"):
                self.cpp_info.components[library].set_property("cmake_target_name", f"kvilt::{library}")
                self.cpp_info.components[library].requires = [target]
