using System.Collections.Concurrent;
using System.Diagnostics;

namespace Foresight.AppHost.Tests.Publish;

internal sealed class PublishedFolders : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("foresight-published-").FullName;
    private readonly Dictionary<string, string> _byProject = [];

    public PublishedService Start(string project, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment) =>
        new(Path.Combine(FolderOf(project), $"{project}.dll"), arguments, environment);

    public void Dispose()
    {
        Run("chmod", "-R", "u+w", _root);
        Directory.Delete(_root, recursive: true);
    }

    private string FolderOf(string project)
    {
        if (_byProject.TryGetValue(project, out var folder))
            return folder;
        folder = Path.Combine(_root, project);
        Publication.MakeAsync(project, folder).GetAwaiter().GetResult();
        Run("chmod", "-R", "a-w,a+rX", _root);
        Run("chmod", "u+w", _root);
        return _byProject[project] = folder;
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Xunit.Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {output}");
    }
}

/// <summary>Root can write to read-only files, so tests that run as root run it as another user.</summary>
internal sealed class PublishedService : IDisposable
{
    private const string Nobody = "65534";

    private readonly ConcurrentQueue<string> _output = new();
    private readonly Process _process;

    public PublishedService(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        string[] user = Environment.IsPrivilegedProcess
            ? ["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--", "dotnet"]
            : ["dotnet"];
        var start = new ProcessStartInfo(user[0], [.. user.Skip(1), program, .. arguments])
        {
            WorkingDirectory = Path.GetDirectoryName(program),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var path = Environment.GetEnvironmentVariable("PATH");
        start.Environment.Clear();
        start.Environment["PATH"] = path;
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output => string.Join('\n', _output);

    public async Task<int> EndedAsync(TimeSpan bound)
    {
        await _process.WaitForExitAsync().WaitAsync(bound);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
