// SPDX-License-Identifier: Apache-2.0
import CPUBackend
import ComputeGraph
import Logging
import OpenCLBackend
import OpenCLRuntime

/// Where a model shall run: the values of `--device`.
public enum DeviceChoice: Sendable, Hashable, CustomStringConvertible {
  /// The best OpenCL device; the CPU executor, with a logged note, where there is none.
  case automatic
  /// The CPU executor in single precision, which is the only one it has.
  case cpu
  /// An OpenCL device: `opencl` for the best one, `opencl:PLATFORM:DEVICE` for a certain one. No fallback.
  case opencl(selector: String)

  /// - Throws: `BertError.badDevice` for anything but `auto`, `cpu`, `opencl` and `opencl:PLATFORM:DEVICE`.
  public init(_ text: String) throws(BertError) {
    switch text {
    case "auto": self = .automatic
    case "cpu": self = .cpu
    case "opencl": self = .opencl(selector: text)
    default:
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 3, parts[0] == "opencl", let platform = Int(parts[1]), let device = Int(parts[2]),
        platform >= 0, device >= 0
      else { throw .badDevice(text) }
      self = .opencl(selector: text)
    }
  }

  public var description: String {
    switch self {
    case .automatic: "auto"
    case .cpu: "cpu"
    case .opencl(let selector): selector
    }
  }
}

/// An executor and what to call it. Models opened on one engine share its queue and its built programs.
public struct Engine: Sendable {
  public let executor: any Executor
  /// The OpenCL device, or nil on the CPU executor.
  public let device: Device?
  /// How kernels run on the device, or nil on the CPU executor.
  public let profile: DeviceProfile?

  /// Opens a device.
  ///
  /// - Parameters:
  ///   - matrixProduct: forces one of the device's matrix products; its own choice where nil.
  ///   - precision: how the device stores weights, activations and caches.
  ///   - tuning: where a tuning of the device is looked for; the standard configurations run where nil, and where there
  ///     is none.
  ///   - recordsCommands: whether the device's runs keep the times of their commands; see `takeCommands()`.
  ///   - logger: hears of the fallback to the CPU, of a tuning that cannot be read, of products of a matrix engine that are
  ///     wrong, and that a matrix product that was asked for is emulated.
  /// - Throws: `OpenCLError` where a device was named and cannot be had; `PrecisionError` for what has no such precision: the
  ///   CPU executor where it was named, and some matrix products.
  public static func open(
    _ choice: DeviceChoice = .automatic, matrixProduct: MatrixProduct? = nil,
    precision: Precision = .float32, tuning: TuningStore? = .standard, recordsCommands: Bool = false,
    logger: Logger = Logger(label: "swift-bert")
  ) throws -> Engine {
    func engine(_ selector: String) throws -> Engine {
      let device = try Device.select(selector)
      var profile = DeviceProfile(device, matrixProduct: matrixProduct, precision: precision)
      let isForced = matrixProduct != nil
      let probe = MatrixEngineProbe.run(device, profile.productsToTry(isForced: isForced))
      for note in probe.notes { logger.notice("\(device.selector): \(note)") }
      profile.use(probe, isForced: isForced)
      let isEmulated = profile.matrixEngine == .emulated
      // What was asked for and is not there is worth a line; that most devices have no such instructions is not.
      for absence in probe.absences {
        logger.log(level: isEmulated ? .notice : .info, "\(device.selector): \(absence)")
      }
      if isEmulated {
        logger.notice(
          "\(device.selector) has no \(profile.matrixProduct.rawValue) in \(precision.rawValue): emulated, which is slow"
        )
      }
      var found: Tuning?
      do { found = try tuning?.load(for: device, profile) } catch {
        logger.warning("running untuned: \(error)")
      }
      let executor = try OpenCLExecutor(
        device, profile: profile, tuning: found ?? .none, recordsCommands: recordsCommands)
      return Engine(executor: executor, device: device, profile: profile)
    }
    switch choice {
    case .cpu:
      guard precision == .float32 else { throw PrecisionError.cpu(precision) }
      return .cpu
    case .opencl(let selector): return try engine(selector)
    case .automatic:
      do { return try engine("auto") } catch let error as OpenCLError {
        let storage = precision == .float32 ? "" : " in float32"
        logger.notice("no OpenCL device, running on the CPU\(storage): \(error)")
        return .cpu
      }
    }
  }

  /// The CPU executor in single precision.
  public static let cpu = Engine(executor: CPUExecutor<Float>(), device: nil, profile: nil)

  /// The CPU executor in double precision: slow, and what everything else is compared with.
  public static let oracle = Engine(executor: CPUExecutor<Double>(), device: nil, profile: nil)

  /// An engine on an executor that the caller made.
  public init(executor: any Executor, device: Device?, profile: DeviceProfile?) {
    self.executor = executor
    self.device = device
    self.profile = profile
  }

  /// Whether memory that one of the two has made is the other's as well.
  func shares(_ other: Engine) -> Bool {
    guard type(of: executor) == type(of: other.executor) else { return false }
    // Executors of the CPU are values; those of a device have a queue of their own.
    guard type(of: executor) is AnyClass else { return true }
    return executor as AnyObject === other.executor as AnyObject
  }

  /// What was chosen for the device by measurement; nothing on the CPU executor.
  public var tuning: Tuning { (executor as? OpenCLExecutor)?.tuning ?? .none }

  /// How weights and activations are stored where the model runs.
  public var precision: Precision { profile?.precision ?? .float32 }

  /// `opencl:0:0` or `cpu`.
  public var name: String { device?.selector ?? "cpu" }
}
