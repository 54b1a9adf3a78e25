using System.Net;
using System.Net.Sockets;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Drill;
using Foresight.AppHost.Native;
using Xunit;

namespace Foresight.AppHost.Tests.Drill;

public sealed class ClusterViewTests : IAsyncLifetime
{
    private const string Status = """
        {"failovers":[
          {"resource":"settlement","epoch":7,"phases":{"lease":1}},
          {"resource":"matching-engine","epoch":6,"phases":{"lease":2}},
          {"resource":"matching-engine","epoch":7,"phases":{"detected":5.5,"first_ack":320}}]}
        """;

    private readonly HttpListener _api = new();
    private readonly Dictionary<string, (int Status, string Body)> _answers = [];
    private readonly int _port = FreePorts.Any();
    private readonly int _deadPort = FreePorts.Any();
    private Task _serving = Task.CompletedTask;

    public Task InitializeAsync()
    {
        _api.Prefixes.Add($"http://127.0.0.1:{_port}/");
        _api.Start();
        _serving = ServeAsync();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _api.Close();
        await _serving;
    }

    [Fact]
    public async Task Leader_IsAskedOfTheNextNode_WhenOneIsAway()
    {
        _answers["/cluster/leader"] = (200, """{"nodeId":"matching-2","epoch":7,"state":"active"}""");
        Assert.Equal(new Leader("matching-2", 7, "active"), await View(_deadPort, _port).LeaderAsync(default));
    }

    [Theory]
    [InlineData(200, "null")]
    [InlineData(200, "{}")]
    [InlineData(200, "<html>")]
    [InlineData(503, """{"nodeId":"matching-2","epoch":7,"state":"active"}""")]
    public async Task AnswerThatNamesNoLeader_IsNoLeader(int status, string body)
    {
        _answers["/cluster/leader"] = (status, body);
        Assert.Null(await View(_port).LeaderAsync(default));
    }

    [Fact]
    public async Task Node_IsFoundByItsName()
    {
        _answers["/cluster/nodes"] = (
            200,
            """[{"nodeId":"api-1","processId":11,"state":"running"},{"nodeId":"matching-1","processId":12,"state":"follower"}]"""
        );
        Assert.Equal(new Node("matching-1", 12, "follower"), await View(_port).NodeAsync("matching-1", default));
        Assert.Null(await View(_port).NodeAsync("matching-3", default));
        Assert.Null(await View(_deadPort).NodeAsync("matching-1", default));
    }

    [Fact]
    public async Task Phases_AreThoseOfTheMatchingEnginesEpoch()
    {
        _answers["/cluster/status"] = (200, Status);
        var phases = await View(_port).PhasesAsync(7, default);
        Assert.Equal((2, 5.5, 320), (phases.Count, phases["detected"], phases["first_ack"]));
        Assert.Empty(await View(_port).PhasesAsync(8, default));
        Assert.Empty(await View(_deadPort).PhasesAsync(7, default));
    }

    [Fact]
    public async Task Waiting_EndsWithWhatIsFound_OrWithNothingAtItsBound()
    {
        var looks = 0;
        Assert.Equal(
            "found",
            await ClusterView.UntilAsync(TimeSpan.FromSeconds(30), () => Task.FromResult(++looks == 2 ? "found" : null), default)
        );
        Assert.Equal(2, looks);
        Assert.Null(await ClusterView.UntilAsync<string>(TimeSpan.FromMilliseconds(1), () => Task.FromResult<string?>(null), default));
    }

    private static ClusterView View(params int[] ports) => new([.. ports.Select((port, i) => Endpoint($"api-{i + 1}", port))]);

    private static EndpointReference Endpoint(string name, int port)
    {
        var endpoint = new EndpointAnnotation(ProtocolType.Tcp, uriScheme: "http", name: "http");
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "127.0.0.1", port);
        var resource = new ContainerResource(name);
        resource.Annotations.Add(endpoint);
        return new EndpointReference(resource, endpoint);
    }

    private async Task ServeAsync()
    {
        while (_api.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _api.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var (status, body) = _answers[context.Request.Url!.AbsolutePath];
            context.Response.StatusCode = status;
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
            context.Response.Close();
        }
    }
}
