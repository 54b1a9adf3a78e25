// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {FeeTerms} from "./Types.sol";
import {Market} from "./Market.sol";
import {MarketDeployer} from "./MarketDeployer.sol";
import {OutcomeToken} from "./OutcomeToken.sol";
import {Vault} from "./Vault.sol";

/// Makes markets, keeps the roles for all of them, and is the ONE spender that traders approve, once: USDC by `approve`,
/// shares by `setApprovalForAll`. Only its own markets can make it move anything. (Deposits are approved to the vault.)
///
/// Also keeps the last sign of life of the settlement role. While one is not older than the longest life of a signed order,
/// only that role fills orders; after that the markets are in escape mode, and anybody may (`Market.fillOrderSigned`). The
/// relayer takes no order that expires later than its last sign and that life, so none that it ever knew is alive then.
contract MarketFactory is AccessControl {
  error OnlyMarket();
  error BadOutcomes(uint256 outcomes);
  error BadFeeTerms();
  error BadOrderLife(uint256 seconds_);
  error MarketExists(address market);
  error InsufficientCollateral(address account, uint256 available, uint256 needed);
  error InsufficientShares(address account, uint256 outcomeIndex, uint256 available, uint256 needed);
  error TransferRefused(address from, address to, uint256 amount);

  event MarketCreated(address indexed market, bytes32 indexed questionHash, uint256 outcomes);
  event FeeTermsChanged(uint16 feeBps, uint16 protocolShareBps, address protocol, address liquidity);
  /// `time`: of this block, Unix seconds.
  event SignOfLife(uint256 time);

  /// May call `settle` and `pause` on every market, and `signOfLife` here.
  bytes32 public constant OPERATOR_ROLE = keccak256("OPERATOR");
  /// May call `resolve` and `invalidate` on every market.
  bytes32 public constant RESOLVER_ROLE = keccak256("RESOLVER");

  /// No market can ever take more than 5 % at redemption.
  uint256 public constant MAX_FEE_BPS = 500;
  /// The longest wait for the escape from a relayer that is gone.
  uint256 public constant MAX_ORDER_LIFE = 30 days;

  IERC20 public immutable usdc;
  OutcomeToken public immutable outcomeToken;
  /// Of all markets; zero: none, and every leg of a match is of a wallet.
  Vault public immutable vault;
  MarketDeployer private immutable deployer;
  /// Seconds after a sign of life during which only the settlement role fills orders: the longest life of a signed order.
  uint256 public immutable longestOrderLife;

  /// Time of the block of the settlement role's last sign of life. The deployment is the first one.
  uint256 public lastSignOfLife;
  FeeTerms public feeTerms;
  mapping(address market => bool) public isMarket;
  mapping(bytes32 questionHash => address market) public marketOf;

  /// `delayBlocks` and `delaySeconds` are the vault's; both zero: no vault.
  constructor(
    IERC20 usdc_,
    address admin,
    address operator,
    address resolver,
    uint256 longestOrderLife_,
    uint256 delayBlocks,
    uint256 delaySeconds,
    FeeTerms memory terms
  ) {
    if (longestOrderLife_ == 0 || longestOrderLife_ > MAX_ORDER_LIFE) revert BadOrderLife(longestOrderLife_);
    usdc = usdc_;
    longestOrderLife = longestOrderLife_;
    outcomeToken = new OutcomeToken();
    deployer = new MarketDeployer();
    vault = delayBlocks | delaySeconds == 0 ? Vault(address(0)) : new Vault(usdc_, outcomeToken, delayBlocks, delaySeconds);
    _grantRole(DEFAULT_ADMIN_ROLE, admin);
    _grantRole(OPERATOR_ROLE, operator);
    _grantRole(RESOLVER_ROLE, resolver);
    _setFeeTerms(terms);
    _sign();
  }

  /// Shows that the settlement role is there. A transaction of its own and no part of `settle`, whose matches would pay for it.
  function signOfLife() external onlyRole(OPERATOR_ROLE) {
    _sign();
  }

  /// The last second at which only the settlement role fills orders; after it the markets are in escape mode.
  function guardedUntil() public view returns (uint256) {
    return lastSignOfLife + longestOrderLife;
  }

  /// One market per question, so that repeating the call after a lost answer cannot make a second one.
  function createMarket(bytes32 questionHash, uint256 outcomes) external onlyRole(DEFAULT_ADMIN_ROLE) returns (address market) {
    if (outcomes < 2 || outcomes > 8) revert BadOutcomes(outcomes);
    if (marketOf[questionHash] != address(0)) revert MarketExists(marketOf[questionHash]);
    market = address(deployer.deploy(questionHash, outcomes, usdc, outcomeToken, vault, feeTerms));
    isMarket[market] = true;
    if (address(vault) != address(0)) vault.addMarket(market, outcomes);
    marketOf[questionHash] = market;
    emit MarketCreated(market, questionHash, outcomes);
  }

  /// For markets made from now on.
  function setFeeTerms(FeeTerms calldata terms) external onlyRole(DEFAULT_ADMIN_ROLE) {
    _setFeeTerms(terms);
  }

  /// Moves a trader's USDC on behalf of a market. Reverts with whose money was missing, whatever the token reverts with.
  function collect(address from, address to, uint256 amount) external {
    if (!isMarket[msg.sender]) revert OnlyMarket();
    try usdc.transferFrom(from, to, amount) returns (bool moved) {
      if (moved) return;
    } catch {}
    uint256 available = _spendable(from);
    if (available < amount) revert InsufficientCollateral(from, available, amount);
    revert TransferRefused(from, to, amount);
  }

  /// Moves a trader's shares of the calling market. To the zero address: burns.
  function moveShares(address from, address to, uint256 outcomeIndex, uint256 amount) external {
    if (!isMarket[msg.sender]) revert OnlyMarket();
    uint256 id = outcomeToken.idOf(msg.sender, outcomeIndex);
    try outcomeToken.move(from, to, id, amount) {} catch {
      uint256 available = outcomeToken.isApprovedForAll(from, address(this)) ? outcomeToken.balanceOf(from, id) : 0;
      if (available < amount) revert InsufficientShares(from, outcomeIndex, available, amount);
      revert TransferRefused(from, to, amount);
    }
  }

  /// What each account can spend: the lesser of its balance and its approval. Many accounts in one call, so that a checker
  /// reads them at one block.
  function spendableCollateral(address[] calldata accounts) external view returns (uint256[] memory amounts) {
    amounts = new uint256[](accounts.length);
    for (uint256 i = 0; i < accounts.length; i++) amounts[i] = _spendable(accounts[i]);
  }

  /// What each account can sell of each outcome of a market: account 0's outcomes first, then account 1's, and so on.
  function spendableShares(Market market, address[] calldata accounts) external view returns (uint256[] memory amounts) {
    uint256 outcomes = market.outcomes();
    amounts = new uint256[](accounts.length * outcomes);
    for (uint256 i = 0; i < accounts.length; i++) {
      if (!outcomeToken.isApprovedForAll(accounts[i], address(this))) continue;
      for (uint256 k = 0; k < outcomes; k++)
        amounts[i * outcomes + k] = outcomeToken.balanceOf(accounts[i], outcomeToken.idOf(address(market), k));
    }
  }

  function _sign() private {
    lastSignOfLife = block.timestamp;
    emit SignOfLife(block.timestamp);
  }

  function _spendable(address account) private view returns (uint256) {
    uint256 balance = usdc.balanceOf(account);
    uint256 allowance = usdc.allowance(account, address(this));
    return balance < allowance ? balance : allowance;
  }

  function _setFeeTerms(FeeTerms memory terms) private {
    if (terms.feeBps > MAX_FEE_BPS || terms.protocolShareBps > 10_000) revert BadFeeTerms();
    if (terms.feeBps > 0 && (terms.protocol == address(0) || terms.liquidity == address(0))) revert BadFeeTerms();
    feeTerms = terms;
    emit FeeTermsChanged(terms.feeBps, terms.protocolShareBps, terms.protocol, terms.liquidity);
  }
}
