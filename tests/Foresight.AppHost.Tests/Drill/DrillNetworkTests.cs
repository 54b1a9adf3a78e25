using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Drill;
using Xunit;

namespace Foresight.AppHost.Tests.Drill;

public sealed class DrillNetworkTests : IDisposable
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly DrillNetwork _network = new();

    public DrillNetworkTests()
    {
        _server.Start();
        _ = Task.Run(EchoAsync);
    }

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task OnlyTheProcessThatIsCutOff_HearsNothing_AndWhatItSentArrivesLater()
    {
        var port = await RelayPortAsync();
        using var ours = new TcpClient();
        await ours.ConnectAsync(IPAddress.Loopback, port);
        Assert.Equal("one", await AskAsync(ours, "one"));
        using var other = OtherProcess(port);
        await other.StandardInput.WriteLineAsync("a");
        Assert.Equal("a", await other.StandardOutput.ReadLineAsync().WaitAsync(Eventually.Patience));

        Task<string?> late;
        using (_network.CutOff(other.Id, "redis"))
        {
            await other.StandardInput.WriteLineAsync("b");
            late = other.StandardOutput.ReadLineAsync();
            // Our message was sent after theirs and has arrived, so theirs is held back.
            Assert.Equal("two", await AskAsync(ours, "two"));
            Assert.False(late.IsCompleted);
            using var third = OtherProcess(port);
            await third.StandardInput.WriteLineAsync("c");
            Assert.Equal("c", await third.StandardOutput.ReadLineAsync().WaitAsync(Eventually.Patience));
            third.Kill();
        }

        Assert.Equal("b", await late.WaitAsync(Eventually.Patience));
        other.Kill();
    }

    [Fact]
    public async Task AConnectionOfACutOffProcess_IsTaken_AndAnsweredOnlyAfterwards()
    {
        var port = await RelayPortAsync();
        using var client = new TcpClient();
        Task<string> answer;
        using (_network.CutOff(Environment.ProcessId, "redis"))
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            answer = AskAsync(client, "hello");
            using var other = OtherProcess(port);
            await other.StandardInput.WriteLineAsync("a");
            Assert.Equal("a", await other.StandardOutput.ReadLineAsync().WaitAsync(Eventually.Patience));
            other.Kill();
            Assert.False(answer.IsCompleted);
        }

        Assert.Equal("hello", await answer.WaitAsync(Eventually.Patience));
    }

    [Fact]
    public async Task ACut_NamesTheServersItIsFrom()
    {
        var port = await RelayPortAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        using (_network.CutOff(Environment.ProcessId, "postgres"))
            Assert.Equal("still here", await AskAsync(client, "still here"));
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port={0};Username=u{0}", "Host=127.0.0.1;Port={1};Username=u{0}")]
    [InlineData("127.0.0.1:{0}", "127.0.0.1:{1}")]
    [InlineData("tcp://127.0.0.1:{0}", "tcp://127.0.0.1:{1}")]
    public async Task TheServersPort_BecomesTheRelays_InEveryForm(string given, string expected)
    {
        var (server, relay) = (((IPEndPoint)_server.LocalEndpoint).Port, await RelayPortAsync());
        Assert.Equal(string.Format(expected, server, relay), await ResolvedAsync(string.Format(given, server)));
    }

    private async Task<int> RelayPortAsync() =>
        int.Parse((await ResolvedAsync($"127.0.0.1:{((IPEndPoint)_server.LocalEndpoint).Port}")).Split(':')[1]);

    private async Task<string> ResolvedAsync(string original)
    {
        var context = new EnvironmentCallbackContext(
            new DistributedApplicationExecutionContext(DistributedApplicationOperation.Run),
            new Dictionary<string, object> { ["SERVER"] = original }
        );
        _network.Before("redis", Endpoint(), "SERVER")(context);
        return (await ((IValueProvider)context.EnvironmentVariables["SERVER"]).GetValueAsync())!;
    }

    private EndpointReference Endpoint()
    {
        var resource = new ContainerResource("server");
        var endpoint = new EndpointAnnotation(ProtocolType.Tcp, name: "tcp");
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "127.0.0.1", ((IPEndPoint)_server.LocalEndpoint).Port);
        resource.Annotations.Add(endpoint);
        return new EndpointReference(resource, "tcp");
    }

    /// <summary>The cut is by process, so this connection must belong to another one: a shell's.</summary>
    private static Process OtherProcess(int port) =>
        Process.Start(
            new ProcessStartInfo(
                "bash",
                ["-c", $"exec 3<>/dev/tcp/127.0.0.1/{port}; while read -r l; do echo \"$l\" >&3; read -r a <&3; echo \"$a\"; done"]
            )
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;

    private static async Task<string> AskAsync(TcpClient client, string line)
    {
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(line + "\n"));
        var answer = new byte[line.Length + 1];
        await client.GetStream().ReadExactlyAsync(answer);
        return System.Text.Encoding.ASCII.GetString(answer).TrimEnd();
    }

    private async Task EchoAsync()
    {
        try
        {
            while (true)
            {
                var client = await _server.AcceptTcpClientAsync();
                _ = client.GetStream().CopyToAsync(client.GetStream());
            }
        }
        catch (SocketException)
        {
            // Expected: the test has ended.
        }
    }
}
