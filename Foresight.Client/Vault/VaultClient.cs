using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Client.Vault;

/// <summary>
/// One account's way into the vault and out of it (docs/firm-money.md). Everything but <see cref="WithdrawNowAsync"/> needs the chain
/// alone, so that an account leaves when no relayer answers any more.
/// </summary>
/// <remarks>
/// Each call sends its transactions one after another and returns when the last one is mined. Not for several callers at once.
/// </remarks>
public sealed class VaultClient
{
    private static readonly TimeSpan CoSignaturePoll = TimeSpan.FromMilliseconds(250);

    private readonly EthereumClient _chain;
    private readonly TimeProvider _clock;
    private readonly Wallet _wallet;
    private readonly VaultContract _vault;
    private readonly UsdcContract _usdc;
    private readonly OutcomeTokenContract _shares;
    private readonly BigInteger _chainId;

    /// <param name="venue">Answer of <c>GET /chain</c>, or the same values from elsewhere.</param>
    /// <exception cref="ArgumentException">The exchange has no vault.</exception>
    public VaultClient(EthereumClient chain, ChainView venue, PrivateKey key, TimeProvider? clock = null)
    {
        if (venue.Vault is not { } vault)
            throw new ArgumentException("This exchange has no vault.", nameof(venue));
        (_chain, _chainId, _clock) = (chain, venue.ChainId, clock ?? TimeProvider.System);
        _wallet = new Wallet(chain, key, venue.ChainId, _clock);
        _vault = new VaultContract(chain, Address.Parse(vault));
        _usdc = new UsdcContract(chain, Address.Parse(venue.Usdc));
        _shares = new OutcomeTokenContract(chain, Address.Parse(venue.OutcomeToken));
    }

    public async Task<PurseState> PurseAsync(VaultAsset asset, CancellationToken stop = default)
    {
        var purse = await _vault.PurseAsync(_wallet.Address, asset.Id, BlockRef.Latest, stop);
        var isLeaving = !purse.Leaving.IsZero;
        return new PurseState(
            asset.Amount(purse.Free),
            asset.Amount(purse.Leaving),
            isLeaving ? purse.ReadyBlock : null,
            isLeaving ? DateTimeOffset.FromUnixTimeSeconds(purse.ReadyTime) : null
        );
    }

    /// <summary>USDC of the wallet: approves exactly that much if less is approved, and deposits it. Shares: transfers them.</summary>
    public async Task DepositAsync(VaultAsset asset, decimal amount, CancellationToken stop = default)
    {
        var units = asset.Units(amount);
        if (!asset.IsUsdc)
        {
            await _wallet.SendAsync(_shares.Address, OutcomeTokenContract.Transfer(_wallet.Address, _vault.Address, asset.Id, units), stop);
            return;
        }

        if (await _usdc.AllowanceAsync(_wallet.Address, _vault.Address, BlockRef.Latest, stop) < units)
            await _wallet.SendAsync(_usdc.Address, UsdcContract.Approve(_vault.Address, units), stop);
        await _wallet.SendAsync(_vault.Address, VaultContract.Deposit(units), stop);
    }

    /// <summary>USDC in one transaction, by an ERC-2612 permit instead of an approval.</summary>
    /// <param name="validFor">Until then the transaction must be mined.</param>
    public async Task DepositWithPermitAsync(decimal usdc, TimeSpan? validFor = null, CancellationToken stop = default)
    {
        var units = VaultAsset.Usdc.Units(usdc);
        var deadline = await ChainTimeAsync(stop) + (long)(validFor ?? TimeSpan.FromMinutes(20)).TotalSeconds;
        var permit = new PermitMessage(
            _wallet.Address,
            _vault.Address,
            units,
            await _usdc.PermitNonceAsync(_wallet.Address, BlockRef.Latest, stop),
            deadline
        );
        var signature = _wallet.Sign(permit.Digest(await _usdc.DomainSeparatorAsync(BlockRef.Latest, stop)));
        await _wallet.SendAsync(_vault.Address, VaultContract.DepositWithPermit(_wallet.Address, units, deadline, signature), stop);
    }

    /// <summary>Needs no relayer. The delay begins again for everything that is leaving of this asset.</summary>
    /// <returns>From when on <see cref="FinishAsync"/> pays. What is free no longer by then does not leave.</returns>
    public async Task<PurseState> RequestWithdrawalAsync(VaultAsset asset, decimal amount, CancellationToken stop = default)
    {
        await _wallet.SendAsync(_vault.Address, VaultContract.RequestWithdrawal(asset.Id, asset.Units(amount)), stop);
        return await PurseAsync(asset, stop);
    }

    /// <summary>What was leaving can be traded with again, once the block is final.</summary>
    public Task CancelWithdrawalAsync(VaultAsset asset, CancellationToken stop = default) =>
        _wallet.SendAsync(_vault.Address, VaultContract.CancelWithdrawal(asset.Id), stop);

    /// <summary>Pays all that is leaving, less what trades have drawn of it. Both the block and the time must have come.</summary>
    /// <param name="to">Null: the account itself.</param>
    public Task FinishAsync(VaultAsset asset, Address? to = null, CancellationToken stop = default) =>
        _wallet.SendAsync(_vault.Address, VaultContract.Finish(asset.Id, to ?? _wallet.Address), stop);

    /// <summary>
    /// At once, with the relayer's co-signature. If this breaks off after the request, the amount is held until the deadline, and then free
    /// again; the co-signature is at <c>GET /withdrawals/{address}/{nonce}</c> until then.
    /// </summary>
    /// <param name="validFor">1 to 60 minutes.</param>
    /// <exception cref="ApiRefusedException">By its code: not enough that is free, too many open withdrawals, and so on.</exception>
    /// <exception cref="TimeoutException">No co-signature came before the deadline.</exception>
    public async Task WithdrawNowAsync(
        ForesightClient api,
        VaultAsset asset,
        decimal amount,
        Address? to = null,
        TimeSpan? validFor = null,
        CancellationToken stop = default
    )
    {
        var deadline = await ChainTimeAsync(stop) + (long)(validFor ?? TimeSpan.FromMinutes(10)).TotalSeconds;
        var nonce = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var message = new WithdrawalMessage(_wallet.Address, asset.Id, asset.Units(amount), nonce, deadline);
        var digest = WithdrawalMessage.DomainOf(_chainId, _vault.Address).Digest(message.RequestStructHash());
        await api.RequestWithdrawalAsync(
            new WithdrawalRequest(
                _wallet.Address.ToString(),
                asset.Name,
                asset.Text(amount),
                nonce.ToString(CultureInfo.InvariantCulture),
                deadline,
                Hex.Encode(_wallet.Sign(digest))
            ),
            stop
        );
        var coSignature = await CoSignatureAsync(api, nonce, deadline, stop);
        await _wallet.SendAsync(_vault.Address, VaultContract.WithdrawNow(message, to ?? _wallet.Address, coSignature), stop);
    }

    private async Task<byte[]> CoSignatureAsync(ForesightClient api, ulong nonce, long deadline, CancellationToken stop)
    {
        while (true)
        {
            var withdrawal = await api.WithdrawalAsync(_wallet.Address.ToString(), nonce, stop);
            if (withdrawal?.CoSignature is { } given)
                return Hex.Decode(given);
            if (withdrawal?.State == WithdrawalStates.Lapsed || _clock.GetUtcNow().ToUnixTimeSeconds() > deadline)
                throw new TimeoutException($"Withdrawal {nonce} of {_wallet.Address} was not co-signed before its deadline.");
            await Task.Delay(CoSignaturePoll, _clock, stop);
        }
    }

    /// <summary>Deadlines are compared with it, and a caller's clock may be wrong.</summary>
    private async Task<long> ChainTimeAsync(CancellationToken stop) =>
        (await _chain.GetBlockAsync(BlockRef.Latest, stop))?.Timestamp ?? throw new RpcUnavailableException("eth_getBlockByNumber", "null");
}
