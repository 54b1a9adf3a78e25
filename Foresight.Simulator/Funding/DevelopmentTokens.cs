using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Abi;

namespace Foresight.Simulator.Funding;

/// <summary>The calls that a trader makes on chain before trading. The mock USDC mints for anybody; real collateral does not.</summary>
internal static class DevelopmentTokens
{
    public static readonly BigInteger Unlimited = (BigInteger.One << 256) - 1;

    private static readonly AbiFunction Mint = AbiFunction.Parse("function mint(address to, uint256 amount)");
    private static readonly AbiFunction Approve = AbiFunction.Parse("function approve(address spender, uint256 amount) returns (bool)");
    private static readonly AbiFunction SetApprovalForAll = AbiFunction.Parse("function setApprovalForAll(address operator, bool approved)");
    private static readonly AbiFunction MintCompleteSet = AbiFunction.Parse("function mintCompleteSet(uint256 amount)");
    private static readonly AbiFunction BalanceOf = AbiFunction.Parse("function balanceOf(address owner) view returns (uint256)");
    private static readonly AbiFunction Allowance = AbiFunction.Parse("function allowance(address owner, address spender) view returns (uint256)");
    private static readonly AbiFunction IsApprovedForAll = AbiFunction.Parse("function isApprovedForAll(address owner, address operator) view returns (bool)");

    public static byte[] MintTo(Address to, BigInteger micros) => Mint.Encode(to, micros);
    public static byte[] ApproveAll(Address spender) => Approve.Encode(spender, Unlimited);
    public static byte[] ApproveShares(Address spender) => SetApprovalForAll.Encode(spender, true);
    public static byte[] MintSet(BigInteger amount18) => MintCompleteSet.Encode(amount18);
    public static byte[] BalanceOfCall(Address owner) => BalanceOf.Encode(owner);
    public static byte[] AllowanceCall(Address owner, Address spender) => Allowance.Encode(owner, spender);
    public static byte[] IsApprovedCall(Address owner, Address spender) => IsApprovedForAll.Encode(owner, spender);

    /// <summary>A returned uint256 or bool.</summary>
    public static BigInteger Read(byte[] word) => Word.Read(word);
}
