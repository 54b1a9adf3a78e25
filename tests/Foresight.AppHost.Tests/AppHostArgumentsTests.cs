using Foresight.Protocol;
using Xunit;

namespace Foresight.AppHost.Tests;

public sealed class AppHostArgumentsTests
{
    [Fact]
    public void NoArguments_GiveTheDocumentedPorts()
    {
        Assert.True(AppHostArguments.TryParse([], out var arguments, out _));
        Assert.Equal((5080, 5090, true, false), (arguments.ApiPort, arguments.ConsolePort, arguments.Simulator, arguments.Ephemeral));
    }

    [Fact]
    public void EveryArgument_IsRead()
    {
        string[] args =
        [
            "--ephemeral",
            "--no-simulator",
            "--sync-standby",
            "--drill",
            "--shards",
            "3",
            "--replicas",
            "2",
            "--containers",
            "--api-port",
            "6000",
            "--console-port",
            "6002",
            "--Parameters:admin-key=x",
        ];
        Assert.True(AppHostArguments.TryParse(args, out var read, out _));
        Assert.Equal(
            (6000, 6002, false, true, true, true, 3),
            (read.ApiPort, read.ConsolePort, read.Simulator, read.Ephemeral, read.SyncStandby, read.Drill, read.Shards)
        );
        Assert.Equal((2, true), (read.Replicas, read.Containers));
        // Only arguments for others reach the configuration, where `--ephemeral --publisher x` would become a key with a value.
        Assert.Equal(["--Parameters:admin-key=x"], read.Rest);
    }

    [Theory]
    [InlineData("--api-port", "--api-port needs a port from 1 to 65535.")]
    [InlineData("--shards 17", "--shards needs a number from 1 to 16, not '17'.")]
    [InlineData("--replicas 0", "--replicas needs a number from 1 to 8, not '0'.")]
    [InlineData("--api-port x", "--api-port needs a port from 1 to 65535, not 'x'.")]
    [InlineData("--api-port 65536", "--api-port needs a port from 1 to 65535, not '65536'.")]
    [InlineData("--api-port 65535", "--api-port 65535: the second Api node has the next port, which must not be above 65535.")]
    [InlineData("--console-port 5081", "--console-port 5081 must differ from the Api nodes' ports 5080 and 5081.")]
    // In a setting's form it would become a key of the configuration that nothing reads.
    [InlineData("--shards=3", "'--shards=3': write --shards N, without '='. " + AppHostArguments.Usage)]
    [InlineData("--ephemeral=true", "'--ephemeral=true': write --ephemeral, without '='. " + AppHostArguments.Usage)]
    [InlineData("ephemeral", "Unknown argument 'ephemeral'. " + AppHostArguments.Usage)]
    [InlineData("--shards --drill", "--shards needs a number from 1 to 16, not '--drill'.")]
    [InlineData("--console-port 6000 --api-port 5999", "--console-port 6000 must differ from the Api nodes' ports 5999 and 6000.")]
    [InlineData("--efemeral", "Unknown argument '--efemeral'. " + AppHostArguments.Usage)]
    public void AMistake_IsOneClearLine(string line, string expected)
    {
        Assert.False(AppHostArguments.TryParse(line.Split(' '), out _, out var mistake));
        Assert.Equal(expected, mistake);
    }

    [Fact]
    public void TheLastOfTwo_Counts_AndWhatTheConsoleAndTheApiNeedNotShareIsFree()
    {
        Assert.True(
            AppHostArguments.TryParse(
                ["--shards", "2", "--shards", "5", "--api-port", "5089", "--console-port", "5088"],
                out var read,
                out _
            )
        );
        Assert.Equal((5, 5089, 5088), (read.Shards, read.ApiPort, read.ConsolePort));
    }

    [Fact]
    public void TheMostShards_AreThoseOfTheProtocol()
    {
        Assert.True(AppHostArguments.TryParse(["--shards", $"{Shards.Maximum}"], out _, out _));
        Assert.False(AppHostArguments.TryParse(["--shards", $"{Shards.Maximum + 1}"], out _, out _));
    }

    [Fact]
    public void WordsOfAspirePublish_PassThrough()
    {
        string[] words = ["--publisher", "manifest", "--output-path", "out.json"];
        Assert.True(AppHostArguments.TryParse(words, out var read, out _));
        Assert.Equal(words, read.Rest);
    }
}
