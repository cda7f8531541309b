# shellcheck shell=bash
# Sourced by build.sh: makes the console host and the CNI plugin one file each, as native programs wherever a linker is to be had.

# publish [x64|arm64]
# The folder is new each time: what an earlier publish left there would look like a part of this one.
publish() {
    local arch="${1:-$(host_arch)}" suffix=""
    local -a options=(-r "linux-$arch")
    if [[ "$arch" != "$(host_arch)" ]]; then
        suffix="-$arch"
        need_cross_tools "$arch"
        options+=("-p:CppCompilerAndLinker=$(triple_of "$arch")-gcc" "-p:ObjCopyName=$(triple_of "$arch")-objcopy")
    elif ! has_linker && ! (install_packages "what native programs are linked with" gcc libc6-dev); then
        say "no linker, so flanneld and the CNI plugin are no native programs: they need no .NET either, but are larger, slower to start and take more memory (ReadyToRun)"
        options+=(-p:PublishAot=false)
    fi
    publish_project src/Flanneld "flanneld$suffix" "${options[@]}"
    publish_project src/FlannelCni "cni$suffix" "${options[@]}"
    mv "$root/artifacts/cni$suffix/flannel-cni" "$root/artifacts/cni$suffix/flannel" # the type that network lists name
    say "made artifacts/flanneld$suffix/flanneld and artifacts/cni$suffix/flannel"
}

# publish_project <project> <folder below artifacts> <option> ...
publish_project() {
    rm -rf "$root/artifacts/$2"
    compile publish "$1" -c "$configuration" "${@:3}" -o "$root/artifacts/$2" || die "the publish of $1 failed"
}

host_arch() {
    case "$(uname -m)" in
        x86_64) echo x64 ;;
        aarch64) echo arm64 ;;
        *) uname -m ;;
    esac
}

triple_of() {
    case "$1" in
        x64) echo x86_64-linux-gnu ;;
        arm64) echo aarch64-linux-gnu ;;
        *) die "publish --arch is '$1'; it must be x64 or arm64" ;;
    esac
}

# has_linker [prefix]
# Scrt1.o is the file of the C library that every program begins with; a compiler does not bring it.
has_linker() {
    local compiler
    command -v "${1:-}objcopy" >/dev/null || return 1
    for compiler in "${1:-}gcc" "${1:-}clang"; do
        if command -v "$compiler" >/dev/null && [[ -e "$("$compiler" -print-file-name=Scrt1.o)" ]]; then return 0; fi
    done
    return 1
}

need_cross_tools() {
    local triple libc="libc6-dev-$1-cross"
    triple="$(triple_of "$1")"
    if [[ "$1" == x64 ]]; then libc=libc6-dev-amd64-cross; fi
    if has_linker "$triple-"; then return; fi
    install_packages "what programs for $1 are linked with ($triple-gcc and its C library)" "gcc-${triple//_/-}" "$libc"
    has_linker "$triple-" || die "$triple-gcc finds no C library for $1"
}
