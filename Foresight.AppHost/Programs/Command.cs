using System.ComponentModel;
using System.Diagnostics;

namespace Foresight.AppHost.Programs;

internal static class Command
{
    private const int LastLines = 12;
    private const string MachineCertificates = "/etc/ssl/certs/ca-certificates.crt";

    public static async Task RunLoggedAsync(
        IReadOnlyList<string> command,
        string workingDirectory,
        FoundProgram program,
        Action<string> log,
        CancellationToken cancellationToken
    )
    {
        string[] environment = program.LibraryFolder is { } libraries ? [$"LD_LIBRARY_PATH={libraries}"] : [];
        var (exitCode, lastWords) = await RunAsync("env", [.. environment, .. command], workingDirectory, cancellationToken);
        foreach (var line in lastWords.Split('\n'))
            log(line);
        if (exitCode != 0)
            throw new InvalidOperationException($"{Path.GetFileName(program.Path)} could not be prepared:\n{lastWords}");
    }

    /// <exception cref="ProgramMissingException">The program is not on this machine, or may not be run.</exception>
    public static async Task<(int ExitCode, string LastWords)> RunAsync(
        string fileName,
        IReadOnlyList<string> arguments,
        string workingDirectory,
        CancellationToken cancellationToken
    )
    {
        var start = new ProcessStartInfo(fileName)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        start.Environment["npm_config_update_notifier"] = "false";
        // Node ships its own certificate authorities. Without the machine's, npm fails behind a proxy that inspects TLS.
        if (File.Exists(MachineCertificates))
            start.Environment.TryAdd("NODE_EXTRA_CA_CERTS", MachineCertificates);

        using var process = Start(start);
        process.StandardInput.Close();
        await using var kill = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        var said = (await output + await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(LastLines);
        return (process.ExitCode, string.Join('\n', said));
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        }
        catch (Win32Exception e)
        {
            throw new ProgramMissingException($"{start.FileName} cannot be run: {e.Message}. Install it and put it on PATH.");
        }
    }
}
