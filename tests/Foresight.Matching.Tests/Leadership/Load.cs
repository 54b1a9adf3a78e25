using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Leadership;

/// <summary>Each order's deadline outlasts a take-over, so that orders of that time get an answer too.</summary>
internal sealed class Load : IAsyncDisposable
{
    private const int Senders = 8;

    private readonly TestClient _client;
    private readonly TestCluster _cluster;
    private readonly Traders _traders = new(seed: 50);
    private readonly CancellationTokenSource _ending = new();
    private readonly List<(PlaceOrder Command, CommandResult Result)> _answered = [];
    private readonly Task[] _sending;

    public Load(TestClient client, TestCluster cluster)
    {
        (_client, _cluster) = (client, cluster);
        _sending = [.. Enumerable.Range(0, Senders).Select(SendAsync)];
    }

    /// <param name="after">Only orders with a later sequence count: one of an earlier one may be answered as late as now.</param>
    public async Task AcknowledgedAsync(int more, long after = 0)
    {
        int Count()
        {
            lock (_answered)
                return _answered.Count(one => one.Result.Sequence > after);
        }

        var goal = Count() + more;
        await Eventually.TrueAsync($"{more} more orders are acknowledged", Eventually.Patience, () => Count() >= goal);
    }

    public async Task<int> AssertNothingLostOrDoubledAsync(IReadOnlySet<JournalPlace>? gone = null)
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_sending);
        var lost = 0;
        foreach (var (command, result) in _answered)
        {
            Assert.Equal(ResultStatus.Accepted, result.Status);
            var isGone = gone?.Contains(new JournalPlace(result.Epoch, result.Sequence)) == true;
            if (isGone)
                lost++;
            Assert.Equal(
                isGone ? 0L : 1L,
                await _cluster.ScalarAsync<long>(
                    $"""
                    SELECT count(*) FROM commands c JOIN orders o ON o.sequence = c.sequence
                    WHERE c.request_id = '{command.RequestId}' AND c.sequence = {result.Sequence}
                        AND c.epoch = {result.Epoch} AND o.order_hash = decode('{command.Hash[2..]}', 'hex')
                    """
                )
            );
        }

        Assert.Equal(_answered.Count - lost, (int)await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        var proof = await Eventually.GetAsync("the leader proves its state", Eventually.Patience, () => _client.Router.LeaderStateAsync());
        Assert.Equal(await _cluster.ReplayHashAsync(proof.Sequence), proof.StateHash);
        await JournalChecks.AssertSoundAsync(_cluster);
        return lost;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_sending);
    }

    private async Task SendAsync(int sender)
    {
        while (!_ending.IsCancellationRequested)
        {
            // The prices sometimes cross, so that there are trades to lose.
            var command = _traders.Place((sender % 2) + 1, 1, sender % 2, isBuy: true, price: 4_990 + (sender * 3), lots: 5);
            var result = await _client.Router.SendAsync(command);
            lock (_answered)
                _answered.Add((command, result));
        }
    }
}
