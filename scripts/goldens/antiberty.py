# SPDX-License-Identifier: Apache-2.0
"""Tests/Goldens/antiberty: what the masked-LM head of AntiBERTy (antiberty==0.1.3) makes of masked antibodies."""

import torch
from transformers import BertForMaskedLM, BertTokenizer, pipeline

from goldens.common import fresh_folder, save_json
from goldens.task_checks import falling

# Variable domains, heavy and light, in the manner of human, mouse and camelid germ lines; some cut short.
SEQUENCES = {
    "human heavy 1": "EVQLVESGGGLVQPGGSLRLSCAASGFTFSSYAMSWVRQAPGKGLEWVSAISGSGGSTYYADSVKGRFTISRDNSKNTLYLQMNSLRAEDTAVYYCAKDRGYYFDYWGQGTLVTVSS",
    "human heavy 2": "QVQLVQSGAEVKKPGASVKVSCKASGYTFTSYGISWVRQAPGQGLEWMGWISAYNGNTNYAQKLQGRVTMTTDTSTSTAYMELRSLRSDDTAVYYCARGGTAVDYWGQGTLVTVSS",
    "human heavy 3": "QVQLQESGPGLVKPSETLSLTCTVSGGSISSYYWSWIRQPPGKGLEWIGYIYYSGSTNYNPSLKSRVTISVDTSKNQFSLKLSSVTAADTAVYYCARERWFDPWGQGTLVTVSS",
    "human kappa 1": "DIQMTQSPSSLSASVGDRVTITCRASQSISSYLNWYQQKPGKAPKLLIYAASSLQSGVPSRFSGSGSGTDFTLTISSLQPEDFATYYCQQSYSTPLTFGGGTKVEIK",
    "human kappa 2": "EIVLTQSPGTLSLSPGERATLSCRASQSVSSSYLAWYQQKPGQAPRLLIYGASSRATGIPDRFSGSGSGTDFTLTISRLEPEDFAVYYCQQYGSSPWTFGQGTKVEIK",
    "human lambda": "QSVLTQPPSVSGAPGQRVTISCTGSSSNIGAGYDVHWYQQLPGTAPKLLIYGNSNRPSGVPDRFSGSKSGTSASLAITGLQAEDEADYYCQSYDSSLSGVVFGGGTKLTVL",
    "mouse heavy": "QVQLQQPGAELVKPGASVKLSCKASGYTFTSYWMHWVKQRPGQGLEWIGEIDPSDSYTNYNQKFKGKATLTVDKSSSTAYMQLSSLTSEDSAVYYCARYYGSSYWYFDVWGAGTTVTVSS",
    "mouse kappa": "DIVMTQSHKFMSTSVGDRVSITCKASQDVSTAVAWYQQKPGQSPKLLIYSASYRYTGVPDRFTGSGSGTDFTFTISSVQAEDLAVYYCQQHYSTPWTFGGGTKLEIK",
    "camelid": "QVQLVESGGGLVQAGGSLRLSCAASGRTFSSYAMGWFRQAPGKEREFVAAISWSGGSTYYADSVKGRFTISRDNAKNTVYLQMNSLKPEDTAVYYCAADSTIYASYYECGHGLSTGGYGYDSWGQGTQVTVSS",
    "start of a heavy chain": "EVQLLESGGGLVQPGGSLRLSCAASGFTFS",
    "end of a heavy chain": "DTAVYYCARDLGGYSYGYWGQGTLVTVSS",
    "middle of a light chain": "WYQQKPGKAPKLLIYDASNLETGVPSRFSG",
}  # fmt: skip
STEP = 17  # from one place tried for the mask to the next


def masked(sequence, place):
    return " ".join([*sequence[:place], "[MASK]", *sequence[place + 1 :]])


def make(target, arguments):
    models = arguments.antiberty / "antiberty" / "trained_models"
    model, info = BertForMaskedLM.from_pretrained(
        models / "AntiBERTy_md_smooth", torch_dtype=torch.float64, attn_implementation="eager", output_loading_info=True
    )
    if info["missing_keys"]:
        raise SystemExit(f"AntiBERTy has no {info['missing_keys']}")
    tokenizer = BertTokenizer(vocab_file=str(models / "vocab.txt"), do_lower_case=False)
    fill = pipeline("fill-mask", model=model.eval(), tokenizer=tokenizer, framework="pt", device="cpu")
    cases = []
    for number, (name, sequence) in enumerate(SEQUENCES.items()):
        for attempt in range(len(sequence)):
            place = (11 * number + 5 + STEP * attempt) % len(sequence)
            found = fill(masked(sequence, place), top_k=6)
            if falling([entry["score"] for entry in found]):
                break
        else:
            raise SystemExit(f"{name}: near ties wherever the mask is")
        top = [{key: entry[key] for key in ("token", "token_str", "score")} for entry in found[:5]]
        cases.append({"name": name, "text": masked(sequence, place), "residue": sequence[place], "top": top})
    fresh_folder(target)
    save_json(
        {"what": "antiberty==0.1.3, AntiBERTy_md_smooth as BertForMaskedLM, fill-mask with top_k 5; "
         "transformers.BertTokenizer(vocab_file=vocab.txt, do_lower_case=False), residues spaced, as the package has it",
         "ignored_tensors": sorted(info["unexpected_keys"]), "cases": cases},
        target / "fill-mask.json",
    )  # fmt: skip
