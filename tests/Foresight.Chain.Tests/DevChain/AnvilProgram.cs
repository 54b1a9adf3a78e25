using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Foresight.Chain.Tests.DevChain;

/// <summary>Finds anvil on PATH, or installs it by npm into the per-user cache, once.</summary>
internal static class AnvilProgram
{
    private const string Version = "1.7.1";

    private static readonly Lazy<string> Found = new(Find);

    public static string Path => Found.Value;

    private static string Find()
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            var candidate = System.IO.Path.Combine(folder, "anvil");
            if (File.Exists(candidate)) return candidate;
        }

        // The package of the platform holds the binary; the one without a platform needs install scripts, which may be off.
        var architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        var package = $"@foundry-rs/anvil-{(OperatingSystem.IsMacOS() ? "darwin" : "linux")}-{architecture}";
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set
            : System.IO.Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".cache");
        var home = System.IO.Path.Combine(cache, "foresight", $"anvil-{Version}");
        var binary = System.IO.Path.Combine(home, "node_modules", package, "bin", "anvil");
        if (!File.Exists(binary)) Install(home, $"{package}@{Version}");
        return File.Exists(binary) ? binary : throw new InvalidOperationException($"npm installed {package}, but there is no {binary}.");
    }

    // Beside the folder and then renamed, so that an interrupted or concurrent install never leaves half of one.
    private static void Install(string home, string package)
    {
        var fresh = $"{home}-{Guid.NewGuid():N}";
        Directory.CreateDirectory(fresh);
        Command.Run("npm", fresh, "install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", package);
        try
        {
            Directory.Move(fresh, home);
        }
        catch (IOException) when (Directory.Exists(home))
        {
            Directory.Delete(fresh, recursive: true);
        }
    }
}

/// <summary>Runs a program to its end.</summary>
internal static class Command
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public static string Run(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
            { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"These tests need the program {program}: {e.Message}", e);
        }

        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Limit))
            {
                process.Kill(entireProcessTree: true);
                throw new TimeoutException($"{program} {string.Join(' ', arguments)} took longer than {Limit}.");
            }

            var text = output.GetAwaiter().GetResult();
            return process.ExitCode == 0
                ? text
                : throw new InvalidOperationException(
                    $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{text}\n{errors.GetAwaiter().GetResult()}");
        }
    }
}
