using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Drill;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Foresight.AppHost.Tests.Drill;

public sealed class DrillServerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("drill-test-").FullName;

    private const string Long = "a-folder-that-is-longer-than-a-socket-may-be-called/a-folder-that-is-longer-than-a-socket-may-be-called/x";

    /// <summary>A client that looks while the socket is being made finds no entry, or one that accepts; never one to be removed.</summary>
    [Theory]
    [InlineData("short")]
    [InlineData(Long)]
    public async Task AClientThatLooksWhileItStarts_DoesNotRemoveIt(string name)
    {
        for (var round = 0; round < 100; round++)
        {
            var folder = Path.Combine(_folder, $"{round}", name);
            var begun = new TaskCompletionSource();
            using var over = new CancellationTokenSource();
            // More than there are cores, so that the making is often interrupted between two of its steps.
            var looking = Enumerable
                .Range(0, 2 * Environment.ProcessorCount)
                .Select(_ => Task.Factory.StartNew(Look, TaskCreationOptions.LongRunning))
                .ToList();
            await begun.Task.WaitAsync(Eventually.Patience);
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            var path = DrillSocket.Listen(listener, folder);
            await over.CancelAsync();
            await Task.WhenAll(looking);
            Assert.True(Path.Exists(path), $"The entry was gone in round {round}.");
            DrillSocket.Remove(path);

            void Look()
            {
                while (!over.IsCancellationRequested)
                {
                    DrillSocket.Connect(folder, "*").ForEach(found => found.Socket.Dispose());
                    begun.TrySetResult();
                }
            }
        }
    }

    [Theory]
    [InlineData("short")]
    [InlineData(Long)]
    public async Task AnyFolder_Works_AndNothingIsLeftInIt(string name)
    {
        var folder = Path.Combine(_folder, name);
        using var server = await StartAsync(folder);
        Assert.Equal("done\nok", await AskAsync(folder, "works\n"));
        Assert.Equal("failed: the reason", await AskAsync(folder, "throws\n"));
        // Without a line end: the answer must not wait for the rest of the input.
        Assert.StartsWith("failed: there is no such command", await AskAsync(folder, new string('x', 100)));

        var link = new FileInfo(Path.Combine(folder, $"{Environment.ProcessId}.sock")).LinkTarget;
        Assert.Equal(name == "short", link is null);
        await server.StopAsync(default);
        Assert.Empty(Directory.GetFileSystemEntries(folder));
        Assert.False(Directory.Exists(Path.GetDirectoryName(link)));
    }

    [Fact]
    public async Task AFolderThatCannotBe_LeavesTheAppHostRunning()
    {
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, string.Empty);
        using var server = await StartAsync(Path.Combine(file, "folder"));
        await server.ExecuteTask!;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<DrillServer> StartAsync(string folder)
    {
        await using var builder = TestApplication.CreateBuilder();
        var resource = builder.AddParameter("resource", "value");
        var commands = new DrillCommands();
        commands.Add(
            resource,
            "works",
            "logs a line",
            context =>
            {
                context.Logger.Log(Microsoft.Extensions.Logging.LogLevel.Information, default, "done", null, (text, _) => text);
                return Task.FromResult(CommandResults.Success());
            }
        );
        commands.Add(resource, "throws", "fails", _ => throw new InvalidOperationException("the reason"));
        var server = new DrillServer(commands, new ServiceCollection().BuildServiceProvider(), NullLogger<DrillServer>.Instance, folder);
        await server.StartAsync(default);
        return server;
    }

    private static async Task<string> AskAsync(string folder, string text)
    {
        var socket = await Eventually.GetAsync(
            "the server listens",
            Eventually.Patience,
            () => Task.FromResult(DrillSocket.Connect(folder, $"{Environment.ProcessId}") is [var found] ? found.Socket : null)
        );
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
        using var reader = new StreamReader(stream);
        return (await reader.ReadToEndAsync().WaitAsync(Eventually.Patience)).TrimEnd();
    }
}
