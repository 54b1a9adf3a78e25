using System.Globalization;
using System.Text.Json;
using Foresight.Bench.Stack;

namespace Foresight.Bench.Fanout;

internal sealed class FanoutClients : IAsyncDisposable
{
    /// <summary>Few, because verifying costs more than counting, and all clients get the same bytes.</summary>
    private const int VerifyingPerNode = 2;

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Arrival = TimeSpan.FromSeconds(30);

    private readonly TradingStack _stack;
    private readonly List<HubSocket> _clients = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
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

    public (int Gaps, int WrongSums) Breaks() =>
        (
            Verifying.Sum(client => client.Read((books, _) => books.Values.Sum(book => book.Gaps))),
            Verifying.Sum(client => client.Read((books, _) => books.Values.Sum(book => book.WrongSums)))
        );

    public Task ArrivedAsync(IReadOnlyDictionary<int, long> positions) =>
        _stack.UntilAsync(
            "every client has the last message",
            () =>
                Task.FromResult(
                    Verifying.All(client => client.Read((books, _) => positions.All(last => books[last.Key].Sequence >= last.Value)))
                ),
            Arrival
        );

    public async Task<int> WrongBooksAsync()
    {
        var wrong = 0;
        foreach (var client in Verifying)
        {
            foreach (var market in _stack.BinaryMarkets)
                for (var outcome = 0; outcome < market.Outcomes; outcome++)
                {
                    bool? isEqual = null;
                    await _stack.UntilAsync(
                        "a client and its node are at the same position",
                        async () => (isEqual = await CompareAsync(client, market.Id, outcome)) is not null,
                        Arrival
                    );
                    if (isEqual == false)
                        wrong++;
                }
        }

        return wrong;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _pinging;
        foreach (var client in _clients)
            await client.DisposeAsync();
        _stop.Dispose();
        _http.Dispose();
    }

    /// <returns>Null if the positions differ, because a message is in flight.</returns>
    private async Task<bool?> CompareAsync(HubSocket client, int market, int outcome)
    {
        using var answer = JsonDocument.Parse(
            await _http.GetStringAsync(new Uri(client.Node, $"markets/{market}/depth?outcome={outcome}&levels=1000"))
        );
        var depth = answer.RootElement;
        return client.Read<bool?>(
            (books, _) =>
                books[market].Sequence != depth.GetProperty("sequence").GetInt64()
                    ? null
                    : books[market].Levels(outcome, isBid: true).SequenceEqual(Levels(depth.GetProperty("bids")))
                        && books[market].Levels(outcome, isBid: false).SequenceEqual(Levels(depth.GetProperty("asks")))
        );
    }

    private static IEnumerable<KeyValuePair<int, long>> Levels(JsonElement side) =>
        side.EnumerateArray()
            .Select(level => KeyValuePair.Create((int)(Number(level, "price") * 10_000), (long)(Number(level, "quantity") * 100)));

    private static decimal Number(JsonElement level, string name) =>
        decimal.Parse(level.GetProperty(name).GetString()!, CultureInfo.InvariantCulture);

    private async Task PingAsync()
    {
        using var timer = new PeriodicTimer(PingInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
                foreach (var client in _clients)
                    await client.PingAsync();
        }
        catch (OperationCanceledException)
        {
            // Cancelling is how the run is stopped, so this is no failure.
        }
    }
}
