using Foresight.Chain;
using Foresight.Matching.Engine;

namespace Foresight.Matching.ChainReading;

/// <summary>What an account owns of one asset in one purse, as the ledger has it: collateral under market 0 and outcome 255.</summary>
public readonly record struct AssetKey(Address Account, int Market, int Outcome, Purse Purse = Purse.Wallet);
