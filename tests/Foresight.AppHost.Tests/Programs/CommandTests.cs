using Foresight.AppHost.Programs;
using Xunit;

namespace Foresight.AppHost.Tests.Programs;

public sealed class CommandTests
{
    [Fact]
    public async Task Output_AndErrors_AreKept_TheLastLinesOfThem()
    {
        var (exitCode, lastWords) = await RunAsync("for i in $(seq 20); do echo line $i; done; echo broken >&2; exit 3");
        Assert.Equal(3, exitCode);
        Assert.Equal(["line 10", .. Enumerable.Range(11, 10).Select(i => $"line {i}"), "broken"], lastWords.Split('\n'));
    }

    [Fact]
    public async Task ProgramThatAsks_GetsNoAnswer_AndDoesNotWaitForOne() =>
        Assert.Equal((0, "asked"), await RunAsync("read answer; echo asked$answer"));

    [Fact]
    public async Task Cancelling_EndsTheProgram()
    {
        using var cancel = new CancellationTokenSource();
        var run = Command.RunAsync("sh", ["-c", "exec sleep 600"], Path.GetTempPath(), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task ProgramOfAServer_RunsWithItsLibraries_AndFailsWithItsWords()
    {
        var lines = new List<string>();
        var program = new FoundProgram("/cache/bin/initdb", "/cache/lib");
        await Command.RunLoggedAsync(["sh", "-c", "echo $LD_LIBRARY_PATH"], Path.GetTempPath(), program, lines.Add, default);
        Assert.Equal(["/cache/lib"], lines);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            Command.RunLoggedAsync(["sh", "-c", "echo no space; exit 1"], Path.GetTempPath(), program, lines.Add, default)
        );
        Assert.Equal("initdb could not be prepared:\nno space", failure.Message);
        Assert.Equal("no space", lines[^1]);
    }

    [Theory]
    [InlineData("a-program-that-no-machine-has")]
    [InlineData("/etc/passwd")]
    public async Task AProgramThatCannotBeRun_IsNamed_WithWhatToDo(string program)
    {
        var missing = await Assert.ThrowsAsync<ProgramMissingException>(() => Command.RunAsync(program, [], "/", default));
        Assert.StartsWith($"{program} cannot be run: ", missing.Message);
        Assert.EndsWith("Install it and put it on PATH.", missing.Message);
    }

    private static Task<(int ExitCode, string LastWords)> RunAsync(string script) =>
        Command.RunAsync("sh", ["-c", script], Path.GetTempPath(), CancellationToken.None);
}
