namespace Foresight.AppHost.Programs;

/// <summary>
/// Without root or passwordless sudo apt-get cannot install: packages are then only downloaded, and unpacked into the cache.
/// </summary>
internal sealed class DebianInstaller(ProgramCache cache, Action<string> say)
{
    // A mirror may accept a connection and then send nothing, and apt-get does not wait for the lock on its lists.
    private const string PatientUpdate = """
        update() {
          for attempt in 1 2 3 4 5; do
            timeout -k 5 120 "$@" update && return
            sleep 5
          done
          "$@" update
        }

        """;

    // The machine must not be changed more than needed: no service may start (policy-rc.d), no database cluster may be created, and
    // configuration files that an administrator edited are kept.
    private const string InstallScript =
        PatientUpdate
        + """
            set -e
            export DEBIAN_FRONTEND=noninteractive
            if [ ! -e /usr/sbin/policy-rc.d ]; then
              printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
              chmod 755 /usr/sbin/policy-rc.d
              trap 'rm -f /usr/sbin/policy-rc.d' EXIT
            fi
            if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
              mkdir -p /etc/postgresql-common
              printf 'create_main_cluster = false\n' > /etc/postgresql-common/createcluster.conf
            fi
            update apt-get -q
            apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300 install "$@"
            """;

    // The machine's package lists and locks are left alone, because this runs without rights; its status file shows which
    // libraries are installed.
    private const string UnpackScript =
        PatientUpdate
        + """
            set -e
            where=$1; shift
            mkdir -p "$where/state/lists/partial" "$where/cache/archives/partial" "$where/root.new"
            apt="apt-get -q -y -o Dir::State=$where/state -o Dir::State::status=/var/lib/dpkg/status"
            apt="$apt -o Dir::Cache=$where/cache -o Debug::NoLocking=true -o APT::Sandbox::User="
            update $apt
            $apt --download-only --no-install-recommends install "$@"
            for package in "$where"/cache/archives/*.deb; do dpkg-deb -x "$package" "$where/root.new"; done
            mkdir -p "$where/root"
            cp -a "$where/root.new/." "$where/root/"
            rm -rf "$where/root.new" "$where/cache"
            """;

    public async Task InstallAsync(IReadOnlyList<string> packages, CancellationToken cancellationToken)
    {
        var wanted = string.Join(' ', packages);
        if (!File.Exists("/usr/bin/apt-get"))
            throw new ProgramMissingException($"{wanted}: not found, and this machine has no apt-get. Install them and put them on PATH.");
        using var held = await cache.LockAsync("debian", cancellationToken);

        if (await ElevationAsync(cancellationToken) is { } elevation)
        {
            say($"Installing {wanted} with apt-get");
            await RunAsync([.. elevation, "/bin/sh", "-c", InstallScript, "install", .. packages], wanted, cancellationToken);
        }
        else
        {
            var folder = Path.Combine(cache.Folder, "debian");
            say($"Unpacking the Debian packages {wanted} into {folder} (no rights to install them)");
            Directory.CreateDirectory(folder);
            await RunAsync(["/bin/sh", "-c", UnpackScript, "unpack", folder, .. packages], wanted, cancellationToken);
        }
    }

    private static async Task RunAsync(IReadOnlyList<string> command, string wanted, CancellationToken cancellationToken)
    {
        var (exitCode, lastWords) = await Command.RunAsync(command[0], [.. command.Skip(1)], "/", cancellationToken);
        if (exitCode != 0)
            throw new ProgramMissingException($"{wanted}: not found, and apt-get could not provide them:\n{lastWords}");
    }

    private static async Task<string[]?> ElevationAsync(CancellationToken cancellationToken)
    {
        if (Environment.UserName == "root")
            return [];
        if (!File.Exists("/usr/bin/sudo"))
            return null;
        var (exitCode, _) = await Command.RunAsync("/usr/bin/sudo", ["-n", "true"], "/", cancellationToken);
        return exitCode == 0 ? ["/usr/bin/sudo", "-n"] : null;
    }
}
