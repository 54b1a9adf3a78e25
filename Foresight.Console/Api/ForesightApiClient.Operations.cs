using Foresight.Protocol;

namespace Foresight.Console.Api;

public sealed partial class ForesightApiClient
{
    public Task<SettlementDetail> GetSettlementAsync(CancellationToken cancellationToken) =>
        GetAsync<SettlementDetail>("admin/settlement", cancellationToken);

    /// <param name="state">One of <see cref="BatchStates"/>; null: any.</param>
    /// <param name="cursor">The next of a page before; null: the newest.</param>
    public Task<Page<BatchView>> GetBatchesAsync(string? state, string? cursor, int limit, CancellationToken cancellationToken) =>
        GetAsync<Page<BatchView>>(
            Query("admin/settlement/batches", ("state", state), ("limit", $"{limit}"), ("cursor", cursor)),
            cancellationToken
        );

    /// <param name="cursor">The next of a page before; null: the newest.</param>
    public Task<Page<FailedCommandView>> GetFailedCommandsAsync(string? cursor, int limit, CancellationToken cancellationToken) =>
        GetAsync<Page<FailedCommandView>>(Query("admin/failed-commands", ("limit", $"{limit}"), ("cursor", cursor)), cancellationToken);

    /// <param name="range">One of <see cref="HistoryRanges"/>.</param>
    public Task<HistoryView> GetHistoryAsync(string range, CancellationToken cancellationToken) =>
        GetAsync<HistoryView>(Query("admin/history", ("range", range)), cancellationToken);

    public Task<IReadOnlyList<OffenderView>> GetOffendersAsync(CancellationToken cancellationToken) =>
        GetListAsync<OffenderView>("admin/offenders", cancellationToken);

    public Task<OffenderDetail> GetOffenderAsync(string address, CancellationToken cancellationToken) =>
        GetAsync<OffenderDetail>($"admin/offenders/{Uri.EscapeDataString(address)}", cancellationToken);

    public Task<OffenderDetail> ResetOffenderAsync(string address, ResetOffenderRequest request, CancellationToken cancellationToken) =>
        PostAsync<OffenderDetail>($"admin/offenders/{Uri.EscapeDataString(address)}/reset", request, cancellationToken);
}
