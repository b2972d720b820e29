"""How rigs spell facial actions."""

from retarget.face import ACTIONS, shapes_of


def test_arkit_s_own_names_play_themselves():
    assert shapes_of(ACTIONS) == {name: [name] for name in ACTIONS}


def test_case_signs_and_the_spelling_of_the_side_do_not_matter():
    for names in (
        ("EyeBlinkLeft", "EyeBlinkRight", "JawOpen", "MouthSmileRight"),
        ("eyeBlink_L", "eyeBlink_R", "jaw_open", "mouthSmile_R"),
        ("Eye_Blink_L", "Eye_Blink_R", "Jaw_Open", "Mouth_Smile_R"),
        ("head.eyeBlink_L", "head.eyeBlink_R", "head.jawOpen", "head.mouthSmile_R"),
        ("eyeBlink.L", "eyeBlink.R", "jawOpen", "mouthSmile.R"),
        ("Fcl_EYE_Close_L", "Fcl_EYE_Close_R", "Fcl_MTH_A", "mouthSmile_R"),
    ):
        found = shapes_of(("Basis", *names))
        assert found == {
            action: [name]
            for action, name in zip(
                ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthSmileRight"), names, strict=True
            )
        }


def test_left_and_right_are_never_exchanged():
    assert shapes_of(["eyeLookIn_L"]) == {"eyeLookInLeft": ["eyeLookIn_L"]}
    assert shapes_of(["Eye_R_Look_L"]) == {"eyeLookInRight": ["Eye_R_Look_L"]}


def test_an_action_of_the_middle_may_lie_on_two_keys():
    assert shapes_of(["browInnerUp_L", "browInnerUp_R"]) == {
        "browInnerUp": ["browInnerUp_L", "browInnerUp_R"]
    }


def test_other_shapes_are_left_alone():
    assert shapes_of(["Basis", "shoulder_up.L", "Smile", "viseme_aa", ""]) == {}
