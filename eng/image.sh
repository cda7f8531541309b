# shellcheck shell=bash
# Sourced by build.sh: an OCI image of flanneld from Debian's packages, without docker. The same commit and the same packages give the same bytes.

image_seeds=(iptables nftables iproute2) # what flanneld starts, and what operators look with
image_packages="$root/artifacts/image-packages"

# download_image_packages [fresh]
# Downloads the seeds and the libraries they need, unless they are there or fresh ones are asked for. What else packages depend on (debconf and
# its like) is for installing them, and three libraries are for programs of iproute2 that the image leaves out.
download_image_packages() {
    local package dependency ssl
    local -a queue names=()
    local -x LC_ALL=C
    if [[ "${1:-}" != fresh ]] && compgen -G "$image_packages/*.deb" >/dev/null; then return; fi
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        say "the image is made of Debian's packages, which takes apt-get and dpkg-deb"
        return 1
    fi
    if ((EUID == 0)); then apt-get update -qq >&2 || say "apt-get update failed; going on with what is known"; fi
    # flanneld loads OpenSSL for https, which the Kubernetes API is.
    ssl="$(apt-cache depends openssl 2>/dev/null | sed -n 's/^ *Depends: \(libssl3[a-z0-9]*\)$/\1/p')"
    if [[ -z "$ssl" ]]; then
        say "apt knows no package of OpenSSL 3; ask root for: apt-get update"
        return 1
    fi
    queue=("${image_seeds[@]}" "$ssl")
    while ((${#queue[@]} > 0)); do
        package="${queue[0]}"
        queue=("${queue[@]:1}")
        if [[ " ${names[*]} " == *" $package "* ]]; then continue; fi
        names+=("$package")
        while read -r dependency; do queue+=("$dependency"); done < <(
            apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$package" |
                sed -n 's/^ *\(Pre\)\?Depends: \(z\?lib[^<: ]*\)$/\2/p' | grep -v -x -e '.*-bin' -e 'libdb5.3' -e 'libselinux1' -e 'libtirpc3.*'
        )
    done
    rm -rf "$image_packages.new"
    mkdir -p "$image_packages.new"
    if ! (cd "$image_packages.new" && apt-get -o APT::Sandbox::User=root download -qq "${names[@]}") >&2; then
        say "apt-get could not download ${names[*]}"
        return 1
    fi
    rm -rf "$image_packages"
    mv "$image_packages.new" "$image_packages"
}

# image <flanneld> <CNI plugin> <archive>
image() (
    set -euo pipefail
    umask 022
    local program="$1" plugin="$2" archive="$3" work time deb name created
    local -a same=(--sort=name --owner=0 --group=0 --numeric-owner --format=gnu)
    time="${SOURCE_DATE_EPOCH:-$(git -C "$root" -c safe.directory="$root" log -1 --format=%ct 2>/dev/null || echo 0)}"
    same+=("--mtime=@$time")
    created="$(date -u -d "@$time" +%Y-%m-%dT%H:%M:%SZ)"
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    cd "$work"

    # Debian's layer. Its folders are links as on a host, and what its scripts would do on installation is done here.
    mkdir -p debian/usr/{bin,sbin,lib,lib64} debian/var/lib/dpkg/status.d debian/{dev,etc,proc,run,sys,tmp}
    chmod 1777 debian/tmp
    for name in bin sbin lib lib64; do ln -s "usr/$name" "debian/$name"; done
    for deb in "$image_packages"/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -xp --no-same-owner --keep-directory-symlink -C debian
        dpkg-deb -f "$deb" >"debian/var/lib/dpkg/status.d/$(dpkg-deb -f "$deb" Package)" # where scanners look
    done
    mkdir -p debian/opt/iptables-legacy
    for name in {ip,ip6}tables{,-save,-restore}; do
        ln -sf xtables-nft-multi "debian/usr/sbin/$name"
        ln -sf ../../usr/sbin/xtables-legacy-multi "debian/opt/iptables-legacy/$name"
    done
    find debian/usr/share -mindepth 1 -maxdepth 1 ! -name doc ! -name iproute2 -exec rm -rf {} +
    find debian/usr/share/doc -type f ! -name copyright -delete
    find debian/usr/share/doc -type l -delete
    find debian/usr/share/doc -type d -empty -delete
    rm -rf debian/usr/lib/*/{gconv,audit,tc} debian/usr/lib/{tc,systemd,locale} debian/usr/include debian/etc/{bpf,init.d,default,nftables.conf} debian/var/lib/arpd \
        debian/usr/bin/{ctstat,lnstat,nstat,rdma,routef,routel,rtstat,ss} debian/usr/sbin/{arpd,dcb,devlink,genl,nfnl_osf,rtacct,rtmon,tc,tipc,vdpa}
    find debian/usr/sbin \( -name 'ebtables*' -o -name 'arptables*' -o -name '*-apply' \) -delete
    tar "${same[@]}" -cf debian.tar -C debian .

    mkdir -p ours/opt/bin
    install -m 755 "$program" ours/opt/bin/flanneld
    install -m 755 "$plugin" ours/flannel # where flannel's image of the plugin has it
    ln -s flanneld ours/opt/bin/install-conf # the name that flannel's init container has for it
    tar "${same[@]}" -cf ours.tar -C ours .

    mkdir -p layout/blobs/sha256
    local debian_id ours_id
    debian_id="sha256:$(sha256sum <debian.tar | cut -d' ' -f1)"
    ours_id="sha256:$(sha256sum <ours.tar | cut -d' ' -f1)"
    gzip -9n debian.tar ours.tar
    local type=application/vnd.oci.image
    local layers config
    layers="$(blob debian.tar.gz "$type.layer.v1.tar+gzip"),$(blob ours.tar.gz "$type.layer.v1.tar+gzip")"
    printf '%s' "{\"created\":\"$created\",\"architecture\":\"$(image_arch)\",\"os\":\"linux\",\"config\":{\"User\":\"0:0\"," \
        "\"Env\":[\"PATH=/usr/sbin:/usr/bin\"],\"Entrypoint\":[\"/opt/bin/flanneld\"],\"WorkingDir\":\"/\",\"Labels\":{$(labels)}}," \
        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"$debian_id\",\"$ours_id\"]}," \
        "\"history\":[{\"created\":\"$created\",\"created_by\":\"Debian's packages\"},{\"created\":\"$created\",\"created_by\":\"flanneld\"}]}" >config.json
    config="$(blob config.json "$type.config.v1+json")"
    printf '%s' "{\"schemaVersion\":2,\"mediaType\":\"$type.manifest.v1+json\",\"config\":$config,\"layers\":[$layers]}" >manifest.json
    printf '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout
    printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' "$type.index.v1+json" \
        "$(blob manifest.json "$type.manifest.v1+json" ',"annotations":{"org.opencontainers.image.ref.name":"latest"}')" >layout/index.json
    tar "${same[@]}" -cf image.tar -C layout blobs index.json oci-layout
    mkdir -p "$(dirname "$archive")"
    mv image.tar "$archive"
)

# blob <file> <media type> [more of its JSON]
# Puts a file into the layout and prints its descriptor.
blob() {
    local digest size
    digest="$(sha256sum <"$1" | cut -d' ' -f1)"
    size="$(stat -c %s "$1")"
    mv "$1" "layout/blobs/sha256/$digest"
    printf '{"mediaType":"%s","digest":"sha256:%s","size":%s%s}' "$2" "$digest" "$size" "${3:-}"
}

image_arch() {
    case "$(host_arch)" in
        x64) echo amd64 ;;
        *) host_arch ;;
    esac
}

labels() {
    printf '"org.opencontainers.image.title":"flanneld","org.opencontainers.image.licenses":"Apache-2.0",'
    printf '"org.opencontainers.image.description":"flannel'"'"'s daemon by Flannel for .NET. Needs the capabilities NET_ADMIN and NET_RAW."'
}
