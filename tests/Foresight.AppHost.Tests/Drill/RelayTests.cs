using System.Net;
using System.Net.Sockets;
using Foresight.AppHost.Drill;
using Foresight.AppHost.Native;
using Xunit;

namespace Foresight.AppHost.Tests.Drill;

public sealed class RelayTests : IDisposable
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    public RelayTests() => _server.Start();

    private int ServerPort => ((IPEndPoint)_server.LocalEndpoint).Port;

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task BytesOfAnySize_ArriveUnchanged_InBothDirections()
    {
        var sent = new byte[1_000_003];
        new Random(17).NextBytes(sent);
        using var client = await ConnectAsync(new Relay("redis", () => ("127.0.0.1", ServerPort)));
        using var server = await _server.AcceptTcpClientAsync();
        foreach (var (from, into) in new[] { (client, server), (server, client) })
        {
            var received = new byte[sent.Length];
            var reading = into.GetStream().ReadExactlyAsync(received).AsTask();
            await from.GetStream().WriteAsync(sent);
            await reading.WaitAsync(Eventually.Patience);
            Assert.Equal(sent, received);
        }
    }

    [Fact]
    public async Task AnEndThatCloses_ClosesTheOther()
    {
        var relay = new Relay("redis", () => ("127.0.0.1", ServerPort));
        using var client = await ConnectAsync(relay);
        var server = await _server.AcceptTcpClientAsync();
        server.Dispose();
        Assert.Equal(0, await ReadAsync(client));

        var second = await ConnectAsync(relay);
        using var other = await _server.AcceptTcpClientAsync();
        second.Dispose();
        Assert.Equal(0, await ReadAsync(other));
    }

    /// <summary>As without the relay: a client of a server that is down must notice at once, and find it when it is back.</summary>
    [Fact]
    public async Task AServerThatIsDown_ClosesTheConnection_AndTheNextOneFindsItsNewPort()
    {
        var port = FreePorts.Any();
        var relay = new Relay("redis", () => ("127.0.0.1", port));
        using (var refused = await ConnectAsync(relay))
            Assert.Equal(0, await ReadAsync(refused));

        port = ServerPort;
        using var client = await ConnectAsync(relay);
        using var server = await _server.AcceptTcpClientAsync();
        await client.GetStream().WriteAsync(new byte[] { 42 });
        Assert.Equal(42, server.GetStream().ReadByte());
    }

    /// <summary>A cut is silence: even the end of a connection is not seen before it heals.</summary>
    [Fact]
    public async Task DuringACut_NotEvenTheEndArrives()
    {
        var healed = new TaskCompletionSource();
        var relay = new Relay("redis", () => ("127.0.0.1", ServerPort));
        using var client = await ConnectAsync(relay);
        var server = await _server.AcceptTcpClientAsync();
        await server.GetStream().WriteAsync(new byte[] { 1 });
        Assert.Equal(1, await ReadAsync(client));

        relay.CutUntil = _ => healed.Task;
        relay.Review();
        server.Dispose();
        var end = ReadAsync(client);
        // Another connection passes through the relay meanwhile, so the first has had the time to.
        relay.CutUntil = _ => null;
        using var other = await ConnectAsync(relay);
        using var accepted = await _server.AcceptTcpClientAsync();
        await accepted.GetStream().WriteAsync(new byte[] { 2 });
        Assert.Equal(1, await ReadAsync(other));
        Assert.False(end.IsCompleted);

        healed.SetResult();
        Assert.Equal(0, await end);
    }

    private static async Task<TcpClient> ConnectAsync(Relay relay)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, relay.Port);
        return client;
    }

    /// <summary>A reset counts as an end too.</summary>
    private static async Task<int> ReadAsync(TcpClient client)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[16]).AsTask().WaitAsync(Eventually.Patience);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
