// SPDX-License-Identifier: Apache-2.0
import OpenCLBackend
import OpenCLRuntime
import Testing

/// Which tiles a dense layer gets where nothing was timed.
@Suite struct TiledChoiceTests {
  private static func profile(computeUnits: Int) throws -> DeviceProfile {
    var profile = DeviceProfile(try Device.select("auto"), workGroupSize: 128, matrixProduct: .tiled)
    profile.computeUnits = computeUnits
    return profile
  }

  @Test func smallTilesForFewRowsAndLargeOnesForMany() throws {
    let choice = try Self.profile(computeUnits: 108).tiledChoice(columns: 3072, depth: 768)
    let areas = [1, 64, 100_000].map { rows in
      let tile = choice.configurations[choice.index(rows: rows)]
      return tile.tileRows * tile.tileColumns
    }
    #expect(areas[0] < areas[1] && areas[1] < areas[2])
    // One row in the tile with the fewest rows; enough groups to fill the device where the size allows it.
    #expect(choice.configurations[choice.index(rows: 1)].tileRows == 8)
    #expect(areas[2] == 128 * 128)
  }

  @Test func aClassEndsWhereItSays() {
    let (small, large) = (TiledConfiguration.candidates[9], TiledConfiguration.candidates[0])
    let choice = TiledChoice([
      .init(rows: 4, configuration: small), .init(rows: 64, configuration: large),
      .init(rows: 100, configuration: small),
    ])
    #expect(choice.configurations == [small, large])
    #expect([0, 1, 4, 5, 64, 65, 100, 101, .max].map { choice.index(rows: $0) } == [0, 0, 0, 1, 1, 0, 0, 0, 0])
  }

  @Test func aForcedConfigurationServesAllRows() throws {
    var profile = try Self.profile(computeUnits: 1)
    profile.tiledConfiguration = TiledConfiguration.candidates[3]
    let choice = profile.tiledChoice(columns: 5, depth: 7)
    #expect(choice.configurations == [TiledConfiguration.candidates[3]] && choice.index(rows: 1 << 30) == 0)
  }

  /// What the kernel's defines ask of each other, and what every GPU has.
  @Test func candidatesAreWhatTheKernelTakes() {
    #expect(Set(TiledConfiguration.candidates).count == TiledConfiguration.candidates.count)
    for tile in TiledConfiguration.candidates {
      #expect(tile.tileRows.nonzeroBitCount == 1 && tile.tileColumns.nonzeroBitCount == 1 && tile.tileDepth % 8 == 0)
      for count in [tile.itemRows, tile.itemColumns] { #expect(count == 1 || count == 2 || count % 4 == 0) }
      #expect(tile.fits(maxWorkGroupSize: 256, localMemory: 48 << 10), "\(tile)")
      #expect(!tile.fits(maxWorkGroupSize: tile.workGroupItems - 1, localMemory: 48 << 10))
      #expect(!tile.fits(maxWorkGroupSize: 256, localMemory: tile.localByteCount - 1))
    }
    let fitsEverywhere = TiledConfiguration.candidates.filter { $0.fits(maxWorkGroupSize: 64, localMemory: 32 << 10) }
    #expect(!fitsEverywhere.isEmpty)
  }
}
