using Foresight.Matching.Leadership;

namespace Foresight.Matching.SettlementTerm;

/// <summary>
/// Settlement, with the history beside it for as long as the term lasts: also before a deployment exists and while settlement is halted,
/// when an operator needs the figures most.
/// </summary>
public sealed class RecordedTerm(SettlementTask settlement, HistoryRecorder history) : ILeaderTask
{
    public async Task LeadAsync(Lease lease)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, lease.Stopping);
        var recording = history.RecordAsync(lease, ending.Token);
        try
        {
            await settlement.LeadAsync(lease);
        }
        finally
        {
            // Awaited, so that it does not outlive its term.
            await ending.CancelAsync();
            await recording;
        }
    }
}
