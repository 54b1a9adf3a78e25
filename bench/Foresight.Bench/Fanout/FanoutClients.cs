using System.Globalization;
using System.Text.Json;
using Foresight.Bench.Stack;

namespace Foresight.Bench.Fanout;

/// <summary>Clients that are spread over the Api nodes, each of which follows the depth of all binary markets; the first few of each node verify.</summary>
internal sealed class FanoutClients : IAsyncDisposable
{
    /// <summary>Of each node. They cost more than those that count, and all get the same bytes.</summary>
    private const int VerifyingPerNode = 2;

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);

    private readonly TradingStack _stack;
    private readonly List<HubSocket> _clients = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _pinging = Task.CompletedTask;

    private FanoutClients(TradingStack stack) => _stack = stack;

    public long Messages => _clients.Sum(client => client.Messages);

    public int Closed => _clients.Count(client => client.Closed is not null);

    public int Announced => _clients.Sum(client => client.Announced);

    public IEnumerable<HubSocket> Verifying => _clients.Where(client => client.Verifies);

    public static async Task<FanoutClients> OpenAsync(TradingStack stack, IReadOnlyList<Uri> nodes, int count)
    {
        var clients = new FanoutClients(stack);
        int[] markets = [.. stack.BinaryMarkets.Select(market => market.Id)];
        for (var i = 0; i < count; i++)
        {
            var client = new HubSocket(verifies: i < VerifyingPerNode * nodes.Count);
            clients._clients.Add(client);
            await client.OpenAsync(nodes[i % nodes.Count], markets);
        }

        clients._pinging = clients.PingAsync();
        return clients;
    }

    /// <summary>Breaks of what a client may rely on: messages missing without notice, wrong checksums.</summary>
    public (int Gaps, int WrongSums) Breaks() => (
        Verifying.Sum(client => client.Read((books, _) => books.Values.Sum(book => book.Gaps))),
        Verifying.Sum(client => client.Read((books, _) => books.Values.Sum(book => book.WrongSums))));

    /// <summary>Returns when every client that verifies has the last published position of each market.</summary>
    public Task ArrivedAsync(PublishTimes published) => _stack.UntilAsync("every client has the last message", () => Task.FromResult(Verifying.All(
        client => client.Read((books, _) => published.Last.All(last => !books.TryGetValue(last.Key, out var book) || book.Sequence >= last.Value)))),
        TimeSpan.FromSeconds(30));

    /// <summary>Books that differ from what their node's HTTP API says at the same position.</summary>
    public async Task<int> WrongBooksAsync()
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var wrong = 0;
        foreach (var client in Verifying)
        foreach (var market in _stack.BinaryMarkets)
        for (var outcome = 0; outcome < 2; outcome++)
        {
            using var depth = JsonDocument.Parse(
                await http.GetStringAsync(new Uri(client.Node, $"markets/{market.Id}/depth?outcome={outcome}&levels=1000")));
            var isEqual = client.Read((books, _) => books.TryGetValue(market.Id, out var book)
                && book.Sequence == depth.RootElement.GetProperty("sequence").GetInt64()
                && book.Levels(outcome, isBid: true).SequenceEqual(Levels(depth.RootElement.GetProperty("bids")))
                && book.Levels(outcome, isBid: false).SequenceEqual(Levels(depth.RootElement.GetProperty("asks"))));
            if (!isEqual) wrong++;
        }

        return wrong;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _pinging;
        foreach (var client in _clients) await client.DisposeAsync();
        _stop.Dispose();
    }

    private static IEnumerable<KeyValuePair<int, long>> Levels(JsonElement side) => side.EnumerateArray().Select(level => KeyValuePair.Create(
        (int)(Number(level, "price") * 10_000), (long)(Number(level, "quantity") * 100)));

    private static decimal Number(JsonElement level, string name) => decimal.Parse(level.GetProperty(name).GetString()!, CultureInfo.InvariantCulture);

    private async Task PingAsync()
    {
        using var timer = new PeriodicTimer(PingInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
                foreach (var client in _clients) await client.PingAsync();
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}
