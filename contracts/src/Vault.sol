// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {shareId} from "./Types.sol";
import {Market} from "./Market.sol";
import {MarketFactory} from "./MarketFactory.sol";
import {OutcomeToken} from "./OutcomeToken.sol";
import {Signatures} from "./Signatures.sol";

/// Holds USDC and outcome shares that their owners cannot move between a match and its settlement, so that a trade of vault
/// money always settles. docs/firm-money.md has the rules and the attacks that each one stops.
///
/// An asset is 0 for USDC (micro-USDC), else the id of a share at the outcome token (10^-18 shares, whole lots). What an account
/// owns of an asset is its purse: `free`, and what is `leaving`. Trades draw on the free part first, then on the leaving one.
///
/// Promises: money leaves a purse by an order that its owner signed, by its owner's withdrawal after the delay, or at once by
/// their withdrawal that the settlement role signed as well, and by nothing else; no role and no pause can keep it in; and the
/// vault holds what it owes: USDC for all purses and all sets that were made inside (`setsOf`), and with these sets the shares
/// of all purses.
contract Vault is IERC1155Receiver {
  error OnlyFactory();
  error OnlyMarket();
  error NotOutcomeToken(address caller);
  error NotOperator(address caller);
  error NotAdmin(address caller);
  error BadDelay(uint256 blocks, uint256 seconds_);
  error BadAccount(address account);
  error BadAmount(uint256 amount);
  error UnknownAsset(uint256 asset);
  error DepositsPaused();
  error Reentered();
  error TransferRefused(address from, address to, uint256 amount);
  error InsufficientVaultBalance(address account, uint256 asset, uint256 available, uint256 needed);
  /// The delay is not over: it is at this block or at this second, whichever comes later.
  error NotReady(uint256 readyBlock, uint256 readyTime);
  error CoSignatureExpired(uint256 deadline);
  error CoSignatureUsed(uint256 nonce);
  error BadCoSignature(bytes32 digest, address signer);
  error UnbalancedSets();

  /// `from`: who paid.
  event Deposited(address indexed account, uint256 indexed asset, uint256 amount, address from);
  /// `amount` moved to what leaves; `leaving` is all of it now.
  event WithdrawalRequested(
    address indexed account,
    uint256 indexed asset,
    uint256 amount,
    uint256 leaving,
    uint256 readyBlock,
    uint256 readyTime
  );
  /// All that was leaving is free again.
  event WithdrawalCancelled(address indexed account, uint256 indexed asset, uint256 amount);
  /// A trade, or a withdrawal at once, took a part of what was leaving.
  event LeavingDrawn(address indexed account, uint256 indexed asset, uint256 leaving);
  event Withdrawn(address indexed account, uint256 indexed asset, address to, uint256 amount);
  /// Comes with the `Withdrawn` of a withdrawal at once.
  event CoSignatureSpent(address indexed account, uint256 indexed nonce);
  event SharesRedeemed(address indexed account, uint256 indexed asset, uint256 amount, uint256 paid);
  /// `key` signs for the account from then on; zero: none does.
  event SigningKeyAnnounced(address indexed account, address key, uint256 readyBlock, uint256 readyTime);
  event PausedSet(bool paused);

  struct Purse {
    uint128 free;
    uint128 leaving;
    /// When what is leaving may be paid out. In a word of its own: trades do not touch it.
    uint64 readyBlock;
    uint64 readyTime;
  }

  struct SigningKey {
    address current;
    uint64 readyBlock;
    address next;
    uint64 readyTime;
  }

  struct Book {
    /// Zero: not a market of the factory.
    uint8 outcomes;
    /// 10^-18 complete sets that are in purses without being shares at the outcome token. Each is worth one USDC of the vault's.
    uint128 sets;
  }

  uint256 private constant USDC = 0;
  uint256 private constant LOT = 1e16;
  /// 10^-18 shares per micro-USDC of a complete set.
  uint256 private constant SHARES_PER_UNIT = 1e12;

  /// The longest delay: no owner can be kept from their money for longer, no matter who deployed the vault.
  uint256 public constant MAX_DELAY_SECONDS = 7 days;
  /// One block a second for seven days.
  uint256 public constant MAX_DELAY_BLOCKS = 604_800;

  bytes32 private constant NAME_HASH = keccak256("Foresight Vault");
  bytes32 private constant WITHDRAWAL_TYPE_HASH =
    keccak256("Withdrawal(address account,uint256 asset,uint256 amount,uint256 nonce,uint256 deadline)");

  MarketFactory public immutable factory;
  IERC20 public immutable usdc;
  OutcomeToken public immutable outcomeToken;
  /// Both must pass: seconds alone pass while the chain stands still, and blocks alone pass fast where somebody makes them fast.
  uint256 public immutable delayBlocks;
  uint256 public immutable delaySeconds;
  bytes32 private immutable separator;
  uint256 private immutable separatorChainId;

  bool public paused;
  bool private transient entered;

  mapping(uint256 asset => mapping(address account => Purse)) private purses;
  mapping(address market => Book) private books;
  mapping(address account => SigningKey) private signingKeys;
  /// 256 nonces to a word.
  mapping(address account => mapping(uint256 word => uint256)) private spentNonces;

  /// By the factory.
  constructor(IERC20 usdc_, OutcomeToken outcomeToken_, uint256 delayBlocks_, uint256 delaySeconds_) {
    if (delayBlocks_ == 0 || delayBlocks_ > MAX_DELAY_BLOCKS || delaySeconds_ == 0 || delaySeconds_ > MAX_DELAY_SECONDS)
      revert BadDelay(delayBlocks_, delaySeconds_);
    factory = MarketFactory(msg.sender);
    usdc = usdc_;
    outcomeToken = outcomeToken_;
    delayBlocks = delayBlocks_;
    delaySeconds = delaySeconds_;
    separator = Signatures.separator(NAME_HASH);
    separatorChainId = block.chainid;
    // For trades between a purse and a wallet, and for complete sets. A market makes the factory move what is the vault's only
    // where it has just drawn on a purse, or when the vault itself asked it to.
    usdc_.approve(msg.sender, type(uint256).max);
    outcomeToken_.setApprovalForAll(msg.sender, true);
  }

  /// Nothing of a user's runs while a user's call runs. Markets are not bound by it: a settlement calls no code of users.
  modifier exclusive() {
    if (entered) revert Reentered();
    entered = true;
    _;
    entered = false;
  }

  // ---------------------------------------------------------------------------------------------------------------------
  // Ways in

  /// The caller's USDC, for which they have approved the vault.
  function deposit(uint256 amount) external exclusive {
    _deposit(msg.sender, amount);
  }

  /// The caller's USDC into somebody else's purse.
  function depositFor(address account, uint256 amount) external exclusive {
    _deposit(account, amount);
  }

  /// Approval and deposit in one transaction (ERC-2612). The permit is the caller's own: it does not name the purse, so that
  /// any other caller that could use it would choose one. Another account may have sent the permit before; the approval is there then.
  function depositWithPermit(address account, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external exclusive {
    try IERC20Permit(address(usdc)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
    _deposit(account, amount);
  }

  /// Shares come by a plain transfer to the vault. They are the sender's, or of the account that `data` names (one ABI word).
  function onERC1155Received(
    address,
    address from,
    uint256 id,
    uint256 value,
    bytes calldata data
  ) external exclusive returns (bytes4) {
    _depositShares(from, id, value, data);
    fold(address(uint160(id >> 8)));
    return this.onERC1155Received.selector;
  }

  function onERC1155BatchReceived(
    address,
    address from,
    uint256[] calldata ids,
    uint256[] calldata values,
    bytes calldata data
  ) external exclusive returns (bytes4) {
    for (uint256 i = 0; i < ids.length; i++) _depositShares(from, ids[i], values[i], data);
    for (uint256 i = 0; i < ids.length; i++) fold(address(uint160(ids[i] >> 8)));
    return this.onERC1155BatchReceived.selector;
  }

  function supportsInterface(bytes4 id) external pure returns (bool) {
    return id == type(IERC1155Receiver).interfaceId || id == type(IERC165).interfaceId;
  }

  function _deposit(address account, uint256 amount) private {
    if (paused) revert DepositsPaused();
    _requireAccount(account);
    _requireWhole(USDC, amount);
    if (!usdc.transferFrom(msg.sender, address(this), amount)) revert TransferRefused(msg.sender, address(this), amount);
    _credit(account, USDC, amount);
    emit Deposited(account, USDC, amount, msg.sender);
  }

  /// Only the outcome token calls it, when the shares are here. It moves shares by trades without a call, and those are not
  /// deposits: the market credits them.
  function _depositShares(address from, uint256 id, uint256 value, bytes calldata data) private {
    if (msg.sender != address(outcomeToken)) revert NotOutcomeToken(msg.sender);
    address market = address(uint160(id >> 8));
    if ((id & 0xff) >= books[market].outcomes) revert UnknownAsset(id);
    if (paused || Market(market).paused()) revert DepositsPaused();
    address account = data.length == 0 ? from : abi.decode(data, (address));
    _requireAccount(account);
    _requireWhole(id, value);
    _credit(account, id, value);
    emit Deposited(account, id, value, from);
  }

  // ---------------------------------------------------------------------------------------------------------------------
  // Ways out

  /// Moves `amount`, or all that is free if that is less, to what leaves. The delay begins again for all that leaves: else a
  /// small old request would be a door for a large new one.
  function requestWithdrawal(uint256 asset, uint256 amount) external exclusive {
    Purse storage purse = purses[asset][msg.sender];
    uint256 free = purse.free;
    if (amount > free) amount = free;
    _requireWhole(asset, amount);
    uint256 leaving = purse.leaving + amount;
    purse.free = uint128(free - amount);
    purse.leaving = _narrow(leaving);
    (purse.readyBlock, purse.readyTime) = _whenReady();
    emit WithdrawalRequested(msg.sender, asset, amount, leaving, purse.readyBlock, purse.readyTime);
  }

  /// All that is leaving is free again.
  function cancelWithdrawal(uint256 asset) external exclusive {
    Purse storage purse = purses[asset][msg.sender];
    uint256 leaving = purse.leaving;
    if (leaving == 0) revert BadAmount(0);
    purse.leaving = 0;
    _credit(msg.sender, asset, leaving);
    emit WithdrawalCancelled(msg.sender, asset, leaving);
  }

  /// After the delay: pays what is left of what was leaving. `to` is the owner's choice: the issuer of the money may have blocked
  /// their account, and a contract may not take shares.
  function finish(uint256 asset, address to) external exclusive {
    Purse storage purse = purses[asset][msg.sender];
    uint256 amount = purse.leaving;
    if (amount == 0) revert BadAmount(0);
    if (block.number < purse.readyBlock || block.timestamp < purse.readyTime) revert NotReady(purse.readyBlock, purse.readyTime);
    purse.leaving = 0;
    emit Withdrawn(msg.sender, asset, to, amount);
    _payOut(asset, to, amount);
  }

  /// At once, with a signature of the settlement role: it has taken the amount out of what the account can trade with. Each
  /// nonce of an account serves once.
  function withdrawNow(
    uint256 asset,
    uint256 amount,
    address to,
    uint256 nonce,
    uint256 deadline,
    bytes calldata signature
  ) external exclusive {
    if (block.timestamp > deadline) revert CoSignatureExpired(deadline);
    bytes32 digest = withdrawalDigest(msg.sender, asset, amount, nonce, deadline);
    address signer = Signatures.recover(digest, signature);
    if (signer == address(0) || !factory.hasRole(factory.OPERATOR_ROLE(), signer)) revert BadCoSignature(digest, signer);
    uint256 bit = 1 << (nonce & 0xff);
    uint256 spent = spentNonces[msg.sender][nonce >> 8];
    if (spent & bit != 0) revert CoSignatureUsed(nonce);
    spentNonces[msg.sender][nonce >> 8] = spent | bit;
    _requireWhole(asset, amount);
    _debit(msg.sender, asset, amount);
    emit CoSignatureSpent(msg.sender, nonce);
    emit Withdrawn(msg.sender, asset, to, amount);
    _payOut(asset, to, amount);
  }

  /// What the settlement role signs: EIP-712, domain "Foresight Vault", version "1".
  function withdrawalDigest(
    address account,
    uint256 asset,
    uint256 amount,
    uint256 nonce,
    uint256 deadline
  ) public view returns (bytes32) {
    bytes32 domain = block.chainid == separatorChainId ? separator : Signatures.separator(NAME_HASH);
    return Signatures.digest(domain, keccak256(abi.encode(WITHDRAWAL_TYPE_HASH, account, asset, amount, nonce, deadline)));
  }

  /// The purse is smaller already. The receiver of shares is called (ERC-1155), as the last act.
  function _payOut(uint256 asset, address to, uint256 amount) private {
    _requireAccount(to);
    if (asset == USDC) {
      if (!usdc.transfer(to, amount)) revert TransferRefused(address(this), to, amount);
      return;
    }
    _unfold(address(uint160(asset >> 8)), asset, amount);
    outcomeToken.safeTransferFrom(address(this), to, asset, amount, "");
  }

  // ---------------------------------------------------------------------------------------------------------------------
  // Redemption

  /// By any caller: turns the free shares of an account into USDC of its purse, after the market's decision. What is leaving stays
  /// shares, so that no other caller can restart an owner's delay.
  function redeemFor(address account, uint256 asset) external exclusive returns (uint256 paid) {
    address market = address(uint160(asset >> 8));
    if ((asset & 0xff) >= books[market].outcomes) revert UnknownAsset(asset);
    Purse storage purse = purses[asset][account];
    uint256 amount = purse.free;
    if (amount == 0) revert BadAmount(0);
    purse.free = 0;
    _unfold(market, asset, amount);
    paid = Market(market).redeem(asset & 0xff, amount);
    _credit(account, USDC, paid);
    emit SharesRedeemed(account, asset, amount, paid);
  }

  // ---------------------------------------------------------------------------------------------------------------------
  // Signing keys

  /// A contract wallet names the key that signs its orders for the vault: a settlement never asks the wallet's code. Every
  /// change takes the delay, also the first one; zero takes the key away. A change that is under way is replaced.
  function registerSigningKey(address key) external {
    SigningKey storage registered = signingKeys[msg.sender];
    registered.current = signingKeyOf(msg.sender);
    registered.next = key;
    (registered.readyBlock, registered.readyTime) = _whenReady();
    emit SigningKeyAnnounced(msg.sender, key, registered.readyBlock, registered.readyTime);
  }

  /// The key that signs for the account now, besides the account's own.
  function signingKeyOf(address account) public view returns (address) {
    SigningKey storage key = signingKeys[account];
    return block.number >= key.readyBlock && block.timestamp >= key.readyTime ? key.next : key.current;
  }

  // ---------------------------------------------------------------------------------------------------------------------
  // Settlement, by markets of the factory, which have checked the orders

  /// By the factory, for each market it makes.
  function addMarket(address market, uint256 outcomes) external {
    if (msg.sender != address(factory)) revert OnlyFactory();
    books[market].outcomes = uint8(outcomes);
  }

  /// A direct trade between two purses. Touches no token.
  function trade(address buyer, address seller, uint256 outcomeIndex, uint256 cost, uint256 amount) external {
    _requireMarket();
    uint256 id = shareId(msg.sender, outcomeIndex);
    _debit(buyer, USDC, cost);
    _debit(seller, id, amount);
    _credit(seller, USDC, cost);
    _credit(buyer, id, amount);
  }

  /// A complete set for purses: `buyers[k]` pays `costs[k]` for outcome k. Touches no token: the vault keeps the USDC.
  function mintSets(address[] calldata buyers, uint256[] calldata costs, uint256 amount) external {
    Book storage book = _requireMarket();
    _requireBalanced(book, buyers, costs, amount);
    book.sets = _narrow(book.sets + amount);
    for (uint256 k = 0; k < buyers.length; k++) {
      _debit(buyers[k], USDC, costs[k]);
      _credit(buyers[k], shareId(msg.sender, k), amount);
    }
  }

  /// The way back. There are as many sets inside as all purses together have of the outcome they have least of: `fold` sees to it.
  function mergeSets(address[] calldata sellers, uint256[] calldata costs, uint256 amount) external {
    Book storage book = _requireMarket();
    _requireBalanced(book, sellers, costs, amount);
    book.sets -= _narrow(amount);
    for (uint256 k = 0; k < sellers.length; k++) {
      _debit(sellers[k], shareId(msg.sender, k), amount);
      _credit(sellers[k], USDC, costs[k]);
    }
  }

  /// One purse's part in a trade with a wallet: the market may now move as much of what the vault holds.
  function draw(address account, uint256 asset, uint256 amount) external {
    _requireOwn(asset);
    _debit(account, asset, amount);
    if (asset != USDC) _unfold(msg.sender, asset, amount);
  }

  /// The market has moved as much to the vault.
  function pay(address account, uint256 asset, uint256 amount) external {
    _requireOwn(asset);
    _credit(account, asset, amount);
  }

  /// Turns the complete sets among the vault's shares into USDC of the vault and sets inside. By anybody; whatever brings shares
  /// here ends with it, so that the vault holds no complete set of shares while the market is open.
  function fold(address market) public {
    Book storage book = books[market];
    uint256 outcomes = book.outcomes;
    if (outcomes == 0) revert OnlyMarket();
    uint256 least = type(uint256).max;
    for (uint256 k = 0; k < outcomes; k++) {
      uint256 held = outcomeToken.balanceOf(address(this), shareId(market, k));
      if (held == 0) return;
      if (held < least) least = held;
    }
    if (Market(market).state() != Market.State.Open) return;
    book.sets = _narrow(book.sets + least);
    Market(market).mergeSet(least);
  }

  /// Makes shares of sets inside, as many as are missing; all of them once the market is decided, when shares only get fewer.
  function _unfold(address market, uint256 id, uint256 amount) private {
    uint256 held = outcomeToken.balanceOf(address(this), id);
    if (held >= amount) return;
    Book storage book = books[market];
    uint256 sets = Market(market).state() == Market.State.Open ? amount - held : book.sets;
    book.sets -= _narrow(sets);
    Market(market).mintSet(sets);
  }

  function _requireMarket() private view returns (Book storage book) {
    book = books[msg.sender];
    if (book.outcomes == 0) revert OnlyMarket();
  }

  /// A market reaches USDC and its own shares.
  function _requireOwn(uint256 asset) private view {
    _requireMarket();
    if (asset != USDC && asset >> 8 != uint256(uint160(msg.sender))) revert UnknownAsset(asset);
  }

  function _requireBalanced(Book storage book, address[] calldata makers, uint256[] calldata costs, uint256 amount) private view {
    if (makers.length != book.outcomes || costs.length != makers.length) revert UnbalancedSets();
    uint256 sum;
    for (uint256 k = 0; k < costs.length; k++) sum += costs[k];
    if (sum * SHARES_PER_UNIT != amount) revert UnbalancedSets();
  }

  // ---------------------------------------------------------------------------------------------------------------------
  // Roles

  /// Stops deposits, and nothing else. The operator may stop, only an admin may go on.
  function pause() external {
    if (!factory.hasRole(factory.OPERATOR_ROLE(), msg.sender)) _requireAdmin();
    paused = true;
    emit PausedSet(true);
  }

  function unpause() external {
    _requireAdmin();
    paused = false;
    emit PausedSet(false);
  }

  function _requireAdmin() private view {
    if (!factory.hasRole(factory.DEFAULT_ADMIN_ROLE(), msg.sender)) revert NotAdmin(msg.sender);
  }

  // ---------------------------------------------------------------------------------------------------------------------
  // Purses

  function purseOf(
    address account,
    uint256 asset
  ) external view returns (uint256 free, uint256 leaving, uint256 readyBlock, uint256 readyTime) {
    Purse storage purse = purses[asset][account];
    return (purse.free, purse.leaving, purse.readyBlock, purse.readyTime);
  }

  /// Of each account the free and the leaving amount of each asset: account 0's first, and of it asset 0's first. Many in one
  /// call, so that a checker reads them at one block.
  function amountsOf(address[] calldata accounts, uint256[] calldata assets) external view returns (uint256[] memory amounts) {
    amounts = new uint256[](accounts.length * assets.length * 2);
    uint256 next;
    for (uint256 i = 0; i < accounts.length; i++) {
      for (uint256 j = 0; j < assets.length; j++) {
        Purse storage purse = purses[assets[j]][accounts[i]];
        amounts[next++] = purse.free;
        amounts[next++] = purse.leaving;
      }
    }
  }

  /// 10^-18 complete sets that are in purses without being shares at the outcome token.
  function setsOf(address market) external view returns (uint256) {
    return books[market].sets;
  }

  function isNonceSpent(address account, uint256 nonce) external view returns (bool) {
    return (spentNonces[account][nonce >> 8] >> (nonce & 0xff)) & 1 == 1;
  }

  /// The free part first, then what is leaving.
  function _debit(address account, uint256 asset, uint256 amount) private {
    Purse storage purse = purses[asset][account];
    uint256 free = purse.free;
    if (amount <= free) {
      purse.free = uint128(free - amount);
      return;
    }
    uint256 available = free + purse.leaving;
    if (amount > available) revert InsufficientVaultBalance(account, asset, available, amount);
    purse.free = 0;
    purse.leaving = uint128(available - amount);
    emit LeavingDrawn(account, asset, available - amount);
  }

  function _credit(address account, uint256 asset, uint256 amount) private {
    Purse storage purse = purses[asset][account];
    purse.free = _narrow(purse.free + amount);
  }

  function _whenReady() private view returns (uint64 readyBlock, uint64 readyTime) {
    return (uint64(block.number + delayBlocks), uint64(block.timestamp + delaySeconds));
  }

  /// Shares come, trade and leave in whole lots, so that complete sets are whole micro-USDC.
  function _requireWhole(uint256 asset, uint256 amount) private pure {
    if (amount == 0 || (asset != USDC && amount % LOT != 0)) revert BadAmount(amount);
  }

  function _requireAccount(address account) private view {
    if (account == address(0) || account == address(this)) revert BadAccount(account);
  }

  function _narrow(uint256 amount) private pure returns (uint128) {
    if (amount > type(uint128).max) revert BadAmount(amount);
    return uint128(amount);
  }
}
