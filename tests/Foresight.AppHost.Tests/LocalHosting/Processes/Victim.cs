using System.Diagnostics;

namespace Foresight.AppHost.Tests.LocalHosting.Processes;

/// <summary>A <see cref="VictimHost"/> that runs, and everything that descends from it.</summary>
internal sealed class Victim : IDisposable
{
    private readonly Process _process;
    private readonly string _mark;
    private readonly string _tempFolder;

    private Victim(Process process, string mark, string tempFolder)
    {
        _process = process;
        _mark = mark;
        _tempFolder = tempFolder;
    }

    /// <param name="asUser">Null: as ourselves.</param>
    public static async Task<Victim> StartAsync(string? asUser = null)
    {
        var mark = $"FORESIGHT_TEST_MARK={Guid.NewGuid():N}";
        var temp = Directory.CreateTempSubdirectory("foresight-victim-").FullName;
        File.SetUnixFileMode(temp, (UnixFileMode)0b111_111_111);
        List<string> command = ["dotnet", typeof(VictimHost).Assembly.Location, "--ephemeral"];
        if (asUser is not null)
            command.InsertRange(0, ["setpriv", $"--reuid={asUser}", $"--regid={asUser}", "--clear-groups", "--"]);
        var start = new ProcessStartInfo(command[0]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in command.Skip(1))
            start.ArgumentList.Add(argument);
        start.Environment["FORESIGHT_TEST_MARK"] = mark.Split('=')[1];
        start.Environment["TMPDIR"] = temp;
        if (asUser is not null)
            start.Environment["HOME"] = temp;
        var victim = new Victim(Process.Start(start)!, mark, temp);
        var answer = await victim._process.StandardOutput.ReadLineAsync();
        Xunit.Assert.Equal("ready", answer);
        return victim;
    }

    /// <summary>
    /// Those that carry our mark in their environment, or work in our folder: Postgres overwrites its children's environment.
    /// </summary>
    public IReadOnlyList<string> Descendants()
    {
        var found = new List<string>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)))
        {
            try
            {
                var works = new FileInfo($"{process}/cwd").LinkTarget?.StartsWith(_tempFolder, StringComparison.Ordinal) == true;
                if (works || File.ReadAllText($"{process}/environ").Split('\0').Contains(_mark))
                    found.Add($"{Path.GetFileName(process)} {File.ReadAllText($"{process}/cmdline").Replace('\0', ' ')}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Ended while we looked, or somebody else's.
            }
        }
        return found;
    }

    public string[] StateFolders() => Directory.GetDirectories(_tempFolder, "foresight-*");

    public void KillNine() => _process.Kill();

    public async Task StopInOrderAsync()
    {
        await _process.StandardInput.WriteLineAsync("stop");
        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
        Directory.Delete(_tempFolder, recursive: true);
    }
}
