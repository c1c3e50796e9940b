// SPDX-License-Identifier: Apache-2.0
#include "Kernels.h"

#include <string.h>

// One array per file. #embed, because a file then stays one that clang, Oclgrind and an editor can read.
#define SOURCE(name) static const char name##_source[]
SOURCE(common) = {
#embed "common.cl"
    , 0};
SOURCE(accumulate) = {
#embed "accumulate.cl"
    , 0};
SOURCE(activation_gradient) = {
#embed "activation_gradient.cl"
    , 0};
SOURCE(adam_w) = {
#embed "adam_w.cl"
    , 0};
SOURCE(add_layer_norm) = {
#embed "add_layer_norm.cl"
    , 0};
SOURCE(attention) = {
#embed "attention.cl"
    , 0};
SOURCE(attention_context) = {
#embed "attention_context.cl"
    , 0};
SOURCE(attention_context_gradient) = {
#embed "attention_context_gradient.cl"
    , 0};
SOURCE(attention_gradient) = {
#embed "attention_gradient.cl"
    , 0};
SOURCE(attention_gradient_clear) = {
#embed "attention_gradient_clear.cl"
    , 0};
SOURCE(attention_gradient_tiled) = {
#embed "attention_gradient_tiled.cl"
    , 0};
SOURCE(attention_mma) = {
#embed "attention_mma.cl"
    , 0};
SOURCE(attention_probabilities) = {
#embed "attention_probabilities.cl"
    , 0};
SOURCE(attention_probabilities_gradient) = {
#embed "attention_probabilities_gradient.cl"
    , 0};
SOURCE(attention_step) = {
#embed "attention_step.cl"
    , 0};
SOURCE(attention_tiled) = {
#embed "attention_tiled.cl"
    , 0};
SOURCE(bias_activation) = {
#embed "bias_activation.cl"
    , 0};
SOURCE(bias_gradient) = {
#embed "bias_gradient.cl"
    , 0};
SOURCE(binary_cross_entropy) = {
#embed "binary_cross_entropy.cl"
    , 0};
SOURCE(binary_cross_entropy_gradient) = {
#embed "binary_cross_entropy_gradient.cl"
    , 0};
SOURCE(clear) = {
#embed "clear.cl"
    , 0};
SOURCE(column_sums) = {
#embed "column_sums.cl"
    , 0};
SOURCE(cross_entropy) = {
#embed "cross_entropy.cl"
    , 0};
SOURCE(cross_entropy_gradient) = {
#embed "cross_entropy_gradient.cl"
    , 0};
SOURCE(distance_gradient) = {
#embed "distance_gradient.cl"
    , 0};
SOURCE(dropout) = {
#embed "dropout.cl"
    , 0};
SOURCE(embedding_layer_norm) = {
#embed "embedding_layer_norm.cl"
    , 0};
SOURCE(embedding_sum) = {
#embed "embedding_sum.cl"
    , 0};
SOURCE(fma_peak) = {
#embed "fma_peak.cl"
    , 0};
SOURCE(gather_rows) = {
#embed "gather_rows.cl"
    , 0};
SOURCE(gradient_panels) = {
#embed "gradient_panels.cl"
    , 0};
SOURCE(l2_normalize) = {
#embed "l2_normalize.cl"
    , 0};
SOURCE(l2_normalize_gradient) = {
#embed "l2_normalize_gradient.cl"
    , 0};
SOURCE(layer_norm) = {
#embed "layer_norm.cl"
    , 0};
SOURCE(layer_norm_gradient) = {
#embed "layer_norm_gradient.cl"
    , 0};
SOURCE(linear_mma) = {
#embed "linear_mma.cl"
    , 0};
SOURCE(linear_panels) = {
#embed "linear_panels.cl"
    , 0};
SOURCE(linear_tiled) = {
#embed "linear_tiled.cl"
    , 0};
SOURCE(masked_softmax) = {
#embed "masked_softmax.cl"
    , 0};
SOURCE(masked_softmax_gradient) = {
#embed "masked_softmax_gradient.cl"
    , 0};
SOURCE(mean) = {
#embed "mean.cl"
    , 0};
SOURCE(mean_gradient) = {
#embed "mean_gradient.cl"
    , 0};
SOURCE(pack_panels) = {
#embed "pack_panels.cl"
    , 0};
SOURCE(panels) = {
#embed "panels.cl"
    , 0};
SOURCE(philox) = {
#embed "philox.cl"
    , 0};
SOURCE(pooling) = {
#embed "pooling.cl"
    , 0};
SOURCE(pooling_gradient) = {
#embed "pooling_gradient.cl"
    , 0};
SOURCE(probe_mma) = {
#embed "probe_mma.cl"
    , 0};
SOURCE(query_sums) = {
#embed "query_sums.cl"
    , 0};
SOURCE(row_groups) = {
#embed "row_groups.cl"
    , 0};
SOURCE(scale_heads) = {
#embed "scale_heads.cl"
    , 0};
SOURCE(segment_cross_entropy) = {
#embed "segment_cross_entropy.cl"
    , 0};
SOURCE(segment_cross_entropy_gradient) = {
#embed "segment_cross_entropy_gradient.cl"
    , 0};
SOURCE(squared_error) = {
#embed "squared_error.cl"
    , 0};
SOURCE(squared_error_gradient) = {
#embed "squared_error_gradient.cl"
    , 0};
SOURCE(squared_norm) = {
#embed "squared_norm.cl"
    , 0};
SOURCE(store_rows) = {
#embed "store_rows.cl"
    , 0};
SOURCE(sum_rows) = {
#embed "sum_rows.cl"
    , 0};
SOURCE(tiles) = {
#embed "tiles.cl"
    , 0};
SOURCE(warp) = {
#embed "warp.cl"
    , 0};
SOURCE(warpgroup) = {
#embed "warpgroup.cl"
    , 0};
SOURCE(weighted_sum) = {
#embed "weighted_sum.cl"
    , 0};

#define FILE_ENTRY(name) {#name, name##_source, sizeof name##_source - 1}
static const struct {
  const char *name, *source;
  size_t length;
} files[] = {
    FILE_ENTRY(common),
    FILE_ENTRY(accumulate),
    FILE_ENTRY(activation_gradient),
    FILE_ENTRY(adam_w),
    FILE_ENTRY(add_layer_norm),
    FILE_ENTRY(attention),
    FILE_ENTRY(attention_context),
    FILE_ENTRY(attention_context_gradient),
    FILE_ENTRY(attention_gradient),
    FILE_ENTRY(attention_gradient_clear),
    FILE_ENTRY(attention_gradient_tiled),
    FILE_ENTRY(attention_mma),
    FILE_ENTRY(attention_probabilities),
    FILE_ENTRY(attention_probabilities_gradient),
    FILE_ENTRY(attention_step),
    FILE_ENTRY(attention_tiled),
    FILE_ENTRY(bias_activation),
    FILE_ENTRY(bias_gradient),
    FILE_ENTRY(binary_cross_entropy),
    FILE_ENTRY(binary_cross_entropy_gradient),
    FILE_ENTRY(clear),
    FILE_ENTRY(column_sums),
    FILE_ENTRY(cross_entropy),
    FILE_ENTRY(cross_entropy_gradient),
    FILE_ENTRY(distance_gradient),
    FILE_ENTRY(dropout),
    FILE_ENTRY(embedding_layer_norm),
    FILE_ENTRY(embedding_sum),
    FILE_ENTRY(fma_peak),
    FILE_ENTRY(gather_rows),
    FILE_ENTRY(gradient_panels),
    FILE_ENTRY(l2_normalize),
    FILE_ENTRY(l2_normalize_gradient),
    FILE_ENTRY(layer_norm),
    FILE_ENTRY(layer_norm_gradient),
    FILE_ENTRY(linear_mma),
    FILE_ENTRY(linear_panels),
    FILE_ENTRY(linear_tiled),
    FILE_ENTRY(masked_softmax),
    FILE_ENTRY(masked_softmax_gradient),
    FILE_ENTRY(mean),
    FILE_ENTRY(mean_gradient),
    FILE_ENTRY(pack_panels),
    FILE_ENTRY(panels),
    FILE_ENTRY(philox),
    FILE_ENTRY(pooling),
    FILE_ENTRY(pooling_gradient),
    FILE_ENTRY(probe_mma),
    FILE_ENTRY(query_sums),
    FILE_ENTRY(row_groups),
    FILE_ENTRY(scale_heads),
    FILE_ENTRY(segment_cross_entropy),
    FILE_ENTRY(segment_cross_entropy_gradient),
    FILE_ENTRY(squared_error),
    FILE_ENTRY(squared_error_gradient),
    FILE_ENTRY(squared_norm),
    FILE_ENTRY(store_rows),
    FILE_ENTRY(sum_rows),
    FILE_ENTRY(tiles),
    FILE_ENTRY(warp),
    FILE_ENTRY(warpgroup),
    FILE_ENTRY(weighted_sum),
};

const char *bert_kernel_source(const char *name, size_t *length) {
  for (size_t i = 0; i < sizeof files / sizeof *files; ++i)
    if (strcmp(files[i].name, name) == 0) {
      *length = files[i].length;
      return files[i].source;
    }
  *length = 0;
  return NULL;
}
