using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Foresight.AppHost.Native;

namespace Foresight.Testing;

public sealed partial class NodeProcess : IAsyncDisposable
{
    private const int Kill = 9,
        Terminate = 15,
        Continue = 18,
        Stop = 19;

    private readonly Process _process;
    private readonly List<string> _output = [];

    public NodeProcess(
        string nodeId,
        IReadOnlyDictionary<string, string?> settings,
        string service = "Foresight.Matching",
        params string[] arguments
    )
        : this(nodeId, Repository.OutputOf(service), settings, arguments) { }

    /// <param name="program">A dll, of a published folder too.</param>
    public NodeProcess(string nodeId, FileInfo program, IReadOnlyDictionary<string, string?> settings)
        : this(nodeId, program.FullName, settings, []) { }

    private NodeProcess(string nodeId, string program, IReadOnlyDictionary<string, string?> settings, string[] arguments)
    {
        NodeId = nodeId;
        var start = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(program),
        };
        // Without a chain settlement and reconciliation wait for it and change nothing, so a test that needs none names none.
        start.Environment["RPC_URL"] = "http://127.0.0.1:1";
        start.Environment["OPERATOR_KEY"] = "0x" + new string('1', 64);
        start.Environment["DOTNET_ENVIRONMENT"] = start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        foreach (var (name, value) in settings)
            start.Environment[name.Replace(":", "__")] = value;
        start.Environment["NODE_ID"] = nodeId;
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string NodeId { get; }

    public int Id => _process.Id;

    public string Output
    {
        get
        {
            lock (_output)
                return string.Join('\n', _output.TakeLast(40));
        }
    }

    public string Everything
    {
        get
        {
            lock (_output)
                return string.Join('\n', _output);
        }
    }

    /// <summary>From the host's own log; null until it listens.</summary>
    public Uri? ListeningAt => Listening().Match(Everything) is { Success: true } line ? new Uri(line.Groups[1].Value) : null;

    public void KillNow() => Send(Kill);

    public void Pause() => Send(Stop);

    public void Resume() => Send(Continue);

    public void AskToEnd() => Send(Terminate);

    public Task EndedAsync(TimeSpan within) => _process.WaitForExitAsync().WaitAsync(within);

    public int ExitCode => _process.ExitCode;

    public bool HasEnded => _process.HasExited;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            Send(Kill);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null)
            lock (_output)
                _output.Add(line);
    }

    public static void Pause(int processId) => SendSignal(processId, Stop);

    public static void Resume(int processId) => SendSignal(processId, Continue);

    public static void KillNow(int processId) => SendSignal(processId, Kill);

    public static void AskToEnd(int processId) => Signals.Send(processId, Terminate);

    private void Send(int signal) => SendSignal(_process.Id, signal);

    [GeneratedRegex(@"Now listening on: (http://\S+)")]
    private static partial Regex Listening();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
