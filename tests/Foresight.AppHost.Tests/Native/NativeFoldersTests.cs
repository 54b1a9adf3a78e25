using System.Diagnostics;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;
using Foresight.AppHost.Programs;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Foresight.AppHost.Tests.Native;

/// <summary>A server starts over what an earlier run left in its folder, also after a kill or a power failure.</summary>
public sealed class NativeFoldersTests : IDisposable
{
    private const string StalePidFile = "postmaster.pid";

    private readonly string _folder = Directory.CreateTempSubdirectory("foresight-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AChain_StartsFromTheStateThatWasKept_AndNotFromOneThatWasNotFinished()
    {
        var chain = Chain();
        Assert.DoesNotContain("--load-state", NativeChain.Prepare(chain, new FoundProgram("/bin/anvil", null)).Command);

        File.WriteAllText(chain.StateFile, "{}");
        File.WriteAllText(chain.StateFile + ".last", "{ half");
        var server = NativeChain.Prepare(chain, new FoundProgram("/bin/anvil", null));
        Assert.Equal([chain.StateFile], server.Command.SkipWhile(argument => argument != "--load-state").Skip(1).Take(1));
        Assert.Equal((chain.StateFile + ".last", chain.StateFile), server.WrittenAtEnd);
        Assert.False(File.Exists(chain.StateFile + ".last"));
        Assert.Contains("4711", server.Command);
    }

    /// <summary>After a power failure the number may belong to any process of the machine, which must not be ended.</summary>
    [Fact]
    public async Task APidFileThatNamesAProcessElsewhere_IsRemoved_AndTheProcessLivesOn()
    {
        using var unrelated = Process.Start("sleep", "600");
        try
        {
            var server = Chain();
            Directory.CreateDirectory(server.DataFolder);
            var file = Path.Combine(server.DataFolder, StalePidFile);
            foreach (var content in new[] { $"{unrelated.Id}\n/elsewhere\n", "999999999\n", "-1\n", "0\n", "no number\n", "" })
            {
                await File.WriteAllTextAsync(file, content);
                await NativePostgres.PrepareFolderAsync(server, NullLogger.Instance, default);
                Assert.False(File.Exists(file), content);
            }

            Assert.False(unrelated.HasExited);
        }
        finally
        {
            unrelated.Kill();
        }
    }

    [Fact]
    public async Task AServerOfAFormerRun_IsAskedToEnd_BeforeTheNextStarts()
    {
        var server = Chain();
        Directory.CreateDirectory(server.DataFolder);
        // Ends by SIGINT as Postgres does, for which it is a fast shutdown; also if these tests were started with SIGINT ignored.
        using var former = Process.Start(
            new ProcessStartInfo("env", "--default-signal=INT sleep 600") { WorkingDirectory = server.DataFolder }
        )!;
        await File.WriteAllTextAsync(Path.Combine(server.DataFolder, StalePidFile), $"{former.Id}\n");
        await Eventually.TrueAsync(
            "it runs there",
            Eventually.Patience,
            () => new DirectoryInfo($"/proc/{former.Id}/cwd").LinkTarget == server.DataFolder
        );
        var preparing = NativePostgres.PrepareFolderAsync(server, NullLogger.Instance, default);
        await former.WaitForExitAsync().WaitAsync(Eventually.Patience);
        await preparing.WaitAsync(Eventually.Patience);
        Assert.Equal(128 + Signals.Interrupt, former.ExitCode);
        Assert.Empty(Directory.GetFiles(server.DataFolder));
    }

    [Fact]
    public async Task ANewDataFolder_IsClosedToOthers()
    {
        var server = Chain();
        Directory.CreateDirectory(Path.GetDirectoryName(server.DataFolder)!);
        await NativePostgres.PrepareFolderAsync(server, NullLogger.Instance, default);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(server.DataFolder));
    }

    [Fact]
    public void AGeneratedSecret_NeedsNoQuoting_AndIsTheSameAtTheNextStart()
    {
        string first;
        using (var state = new NativeState(_folder, ephemeral: false))
        {
            first = new KeptParameterDefault(state, "key").GetDefaultValue();
            Assert.NotEqual(first, new KeptParameterDefault(state, "other").GetDefaultValue());
        }

        using var again = new NativeState(_folder, ephemeral: false);
        Assert.Equal(first, new KeptParameterDefault(again, "key").GetDefaultValue());
        Assert.Matches("^[A-Za-z0-9]{32}$", first);
    }

    private NativeChainResource Chain()
    {
        var chain = new NativeChainResource("chain", new NativeState(_folder, ephemeral: false));
        var endpoint = new EndpointAnnotation(ProtocolType.Tcp, uriScheme: "http", name: chain.PrimaryEndpoint.EndpointName);
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "127.0.0.1", 4711);
        chain.Annotations.Add(endpoint);
        return chain;
    }
}
