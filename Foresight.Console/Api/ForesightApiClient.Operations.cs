using System.Globalization;
using Foresight.Console.FailedCommands;
using Foresight.Console.Lists;
using Foresight.Console.Withdrawals;
using Foresight.Protocol;

namespace Foresight.Console.Api;

public sealed partial class ForesightApiClient
{
    public Task<SettlementDetail> GetSettlementAsync(CancellationToken cancellationToken) =>
        GetAsync<SettlementDetail>("admin/settlement", cancellationToken);

    /// <param name="state">One of <see cref="BatchStates"/>; null: any.</param>
    public Task<CountedPage<BatchView>> GetBatchesAsync(string? state, ListPlace place, int limit, CancellationToken cancellationToken) =>
        GetAsync<CountedPage<BatchView>>(
            Query("admin/settlement/batches", [("state", state), .. Parameters(place, limit)]),
            cancellationToken
        );

    public Task<CountedPage<FailedCommandView>> GetFailedCommandsAsync(
        FailedCommandChoice choice,
        ListPlace place,
        int limit,
        CancellationToken cancellationToken
    ) =>
        GetAsync<CountedPage<FailedCommandView>>(
            Query(
                "admin/failed-commands",
                [("kind", choice.Kind), ("shard", choice.Shard), ("text", choice.Text), .. Parameters(place, limit)]
            ),
            cancellationToken
        );

    public Task<CountedPage<VaultWithdrawalView>> GetWithdrawalsAsync(
        WithdrawalChoice choice,
        ListPlace place,
        int limit,
        CancellationToken cancellationToken
    ) =>
        GetAsync<CountedPage<VaultWithdrawalView>>(
            Query("admin/withdrawals", [("account", choice.Account), ("state", choice.State), .. Parameters(place, limit)]),
            cancellationToken
        );

    public Task<FirmShareView> GetFirmShareAsync(int market, CancellationToken cancellationToken) =>
        GetAsync<FirmShareView>($"admin/markets/{market.ToString(CultureInfo.InvariantCulture)}/firm", cancellationToken);

    private static (string, string?)[] Parameters(ListPlace place, int limit) =>
        [
            ("sort", place.Sort),
            ("limit", $"{limit}"),
            ("cursor", place.Cursor),
            ("offset", place.Offset?.ToString(CultureInfo.InvariantCulture)),
        ];

    /// <param name="range">One of <see cref="HistoryRanges"/>.</param>
    public Task<HistoryView> GetHistoryAsync(string range, CancellationToken cancellationToken) =>
        GetAsync<HistoryView>(Query("admin/history", ("range", range)), cancellationToken);

    public Task<IReadOnlyList<OffenderView>> GetOffendersAsync(CancellationToken cancellationToken) =>
        GetListAsync<OffenderView>("admin/offenders", cancellationToken);

    public Task<OffenderDetail> GetOffenderAsync(string address, CancellationToken cancellationToken) =>
        GetAsync<OffenderDetail>($"admin/offenders/{Uri.EscapeDataString(address)}", cancellationToken);

    public Task<OffenderDetail> ResetOffenderAsync(string address, ResetOffenderRequest request, CancellationToken cancellationToken) =>
        PostAsync<OffenderDetail>($"admin/offenders/{Uri.EscapeDataString(address)}/reset", request, cancellationToken);

    public Task<OffenderDetail> UndoOffenderResetAsync(
        string address,
        UndoOffenderResetRequest request,
        CancellationToken cancellationToken
    ) => PostAsync<OffenderDetail>($"admin/offenders/{Uri.EscapeDataString(address)}/undo-reset", request, cancellationToken);
}
