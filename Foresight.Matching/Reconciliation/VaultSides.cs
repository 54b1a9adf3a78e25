using System.Numerics;
using Foresight.Chain;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.Reconciliation;

/// <param name="Owned">Less what the followed blocks have paid of co-signed withdrawals, so that it is what the purse has free.</param>
/// <param name="Held">By the engine, for trades and co-signed withdrawals, less the same payments.</param>
/// <param name="CoSigned">Of withdrawals that are neither paid nor lapsed, less the same payments.</param>
/// <param name="InFlight">Of trades that the engine has not closed.</param>
/// <param name="IsAhead">The ledger is ahead of the block for this purse, so that only what is held is compared.</param>
public sealed record LedgerPurse(AssetKey Asset, long Owned, long Held, long CoSigned, long InFlight, bool IsAhead);

/// <summary>What leaves by a request, as the follower has it: with its cursor, so never ahead of the block.</summary>
public sealed record KnownRequest(AssetKey Asset, long Units, long ReadyBlock, long ReadyTime);

/// <param name="State">As in the table: 0 granted, 1 paid, 2 lapsed.</param>
/// <param name="IsSpent">Whether the journal has seen the chain use the nonce up to the block, also for an earlier grant.</param>
/// <param name="IsOverdue">Not taken, and long past its deadline by the chain's clock and by the database's.</param>
public sealed record JournalWithdrawal(AssetKey Asset, ulong Nonce, long Units, long Deadline, int State, bool IsSpent, bool IsOverdue);

/// <summary>The journal as of one moment, in which the follower stands at <paramref name="Block"/>.</summary>
/// <param name="IsFollowed">With several shards the exchange takes no notice of the vault, and there is nothing to compare.</param>
/// <param name="Waiting">What purses have got in blocks that are not final, and the ledger does not have for that.</param>
/// <param name="Unsettled">Purses with no row yet, of which money may be in transit: no holding is missed there.</param>
public sealed record VaultJournal(
    BlockMark Block,
    bool IsFollowed,
    IReadOnlyList<LedgerPurse> Ledger,
    IReadOnlyDictionary<AssetKey, KnownRequest> Requests,
    IReadOnlyList<(JournalWithdrawal Withdrawal, long GrantedAt)> Withdrawals,
    IReadOnlySet<AssetKey> Unsettled,
    IReadOnlyDictionary<AssetKey, long> Waiting
);

/// <summary>In micro-USDC, or 10^-18 shares. The times are of meaning only while something is leaving.</summary>
public sealed record ChainPurse(BigInteger Free, BigInteger Leaving, long ReadyBlock = 0, long ReadyTime = 0)
{
    public static readonly ChainPurse Empty = new(0, 0);

    public BigInteger All => Free + Leaving;
}

/// <param name="Id">Null if the market is not listed here.</param>
/// <param name="Sets">10^-18 complete sets inside.</param>
/// <param name="Held">What the vault has of each outcome at the outcome token, in 10^-18 shares.</param>
public sealed record VaultMarket(Address Address, int? Id, bool IsOpen, BigInteger Sets, IReadOnlyList<BigInteger> Held);

/// <summary>The chain alone, at one block. Assets as the vault names them.</summary>
/// <param name="Purses">Those that are not empty.</param>
/// <param name="Held">USDC of the vault, in micro-USDC.</param>
/// <param name="IsWhole">False if there are too many purses to read, so that only those of the journal were.</param>
public sealed record VaultChain(
    IReadOnlyDictionary<(Address Account, BigInteger Asset), ChainPurse> Purses,
    BigInteger Held,
    IReadOnlyList<VaultMarket> Markets,
    int Accounts,
    bool IsWhole
);

/// <param name="IsSpentOnChain">The nonce, at the block.</param>
public sealed record ComparedWithdrawal(JournalWithdrawal Journal, bool IsSpentOnChain);

public sealed record VaultSides(VaultJournal Journal, VaultChain Chain, IReadOnlyList<ComparedWithdrawal> Withdrawals);

/// <summary>Found in the events up to the block: written with the run's result, so that the next run goes on there.</summary>
public sealed record VaultScan(
    BlockMark To,
    IReadOnlyDictionary<Address, long> Accounts,
    IReadOnlyDictionary<Address, (int Outcomes, long Block)> Markets
);
